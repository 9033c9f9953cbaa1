# What tables make of mixbench's rows, a JSON object each. Scripts put it before their own awk.

# The value of a key, without quotes; nothing if there is none.
function field(name, value) {
  if (!match($0, "\"" name "\":(\"[^\"]*\"|[^,}]*)")) return ""
  value = substr($0, RSTART + length(name) + 3, RLENGTH - length(name) - 3)
  gsub(/"/, "", value)
  return value
}

# Of numbers with spaces between.
function median(list, count, parts, i, j, swap) {
  count = split(list, parts, " ")
  for (i = 2; i <= count; i++)
    for (j = i; j > 1 && parts[j - 1] + 0 > parts[j] + 0; j--) { swap = parts[j]; parts[j] = parts[j - 1]; parts[j - 1] = swap }
  return parts[int((count + 1) / 2)]
}

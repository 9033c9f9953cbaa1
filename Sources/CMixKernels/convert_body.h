// One conversion of arrays, LANES elements at a time: included once per conversion, with NAME, FROM, TO
// and CONVERT (a function from LANES elements at one address to LANES at another) defined; all four are
// undefined again at the end.

static void NAME(TO *destination, const FROM *source, size_t count) {
    size_t i = 0;
    for (; count - i >= LANES; i += LANES) { CONVERT(destination + i, source + i); }
    if (i < count) {
        FROM from[LANES] = {0};
        TO to[LANES];
        memcpy(from, source + i, (count - i) * sizeof(FROM));
        CONVERT(to, from);
        memcpy(destination + i, to, (count - i) * sizeof(TO));
    }
}

#undef NAME
#undef FROM
#undef TO
#undef CONVERT

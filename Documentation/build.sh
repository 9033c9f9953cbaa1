#!/usr/bin/env bash
# Builds the modules' documentation with DocC into one archive, .build/documentation/MixServe.doccarchive. A warning is an
# error. Options, such as --scratch-path, are for swift build. Any web server shows it:
#
#     python3 -m http.server --directory .build/documentation/MixServe.doccarchive      # then /documentation
set -euo pipefail
cd "$(dirname "$0")/.."

# The value of a key in what the compiler says about itself.
target() { swift -print-target-info | sed -n "s/.*\"$1\": \"\(.*\)\".*/\1/p" | head -1; }

tools=$(target runtimeResourcePath)/../../bin
for tool in docc swift-symbolgraph-extract; do
    [ -x "$tools/$tool" ] || { echo "Documentation/build.sh: no $tool beside swift; the toolchains of swift.org have it" >&2; exit 1; }
done
swift build "$@" --target MixMoE
build=$(swift build "$@" --show-bin-path)
triple=$(target unversionedTriple)
maps=()
for map in "$build"/CMix*.build/module.modulemap; do maps+=(-Xcc "-fmodule-map-file=$map"); done

folder=.build/documentation
rm -rf "$folder"
# A module may name symbols of those before it.
dependencies=() archives=()
for module in MixSchedule MixPlanner MixCollectives MixMoE; do
    mkdir -p "$folder/$module"
    "$tools/swift-symbolgraph-extract" -module-name "$module" -target "$triple" -I "$build/Modules" "${maps[@]}" \
        -minimum-access-level public -skip-synthesized-members -output-dir "$folder/$module"
    "$tools/docc" convert "Sources/$module/$module.docc" --warnings-as-errors --additional-symbol-graph-dir "$folder/$module" \
        --fallback-display-name "$module" --fallback-bundle-identifier "MixServe.$module" \
        --enable-experimental-external-link-support "${dependencies[@]}" --output-path "$folder/$module.doccarchive"
    dependencies+=(--dependency "$folder/$module.doccarchive")
    archives+=("$folder/$module.doccarchive")
done
"$tools/docc" merge "${archives[@]}" --synthesized-landing-page-name MixServe --output-path "$folder/MixServe.doccarchive"

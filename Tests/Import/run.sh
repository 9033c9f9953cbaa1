#!/usr/bin/env bash
# A package elsewhere that depends on this one by git URL and version, and on all three products, builds and runs.
set -euo pipefail
cd "$(dirname "$0")/../.."
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

# The files of this checkout, committed or not, as a repository with a version.
git init -q "$work/MixServe"
git ls-files -z --cached --others --exclude-standard | while IFS= read -r -d '' file; do
    [ -e "$file" ] && cp --parents -P "$file" "$work/MixServe/"
done
git -C "$work/MixServe" add -Af
git -C "$work/MixServe" -c user.name=test -c user.email=test@localhost commit -qm "A version"
git -C "$work/MixServe" tag 1.0.0

mkdir -p "$work/user/Sources/user"
cat >"$work/user/Package.swift" <<PACKAGE
// swift-tools-version: 6.2
import PackageDescription

let package = Package(
    name: "user",
    dependencies: [.package(url: "file://$work/MixServe", from: "1.0.0")],
    targets: [
        .executableTarget(
            name: "user",
            dependencies: [
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "MixMoE", package: "MixServe"),
                .product(name: "MixPlanner", package: "MixServe"),
            ])
    ])
PACKAGE
cat >"$work/user/Sources/user/main.swift" <<'PROGRAM'
import Glibc
import MixCollectives
import MixMoE
import MixPlanner

if !Launcher.isRank { exit(try Launcher(ranks: 2).run()) }
let world = try Communicator.join()
var x = try world.allocate(Float.self, count: 1000)
for index in 0..<x.count { x[index] = Float(world.rank + 1) }
try world.allReduce(&x, .sum)
guard x[999] == 3 else { fatalError("wrong sum: \(x[999])") }
if world.rank == 0 { print("imported and run: sum \(x[999])") }
PROGRAM
cd "$work/user"
# Not optimised: what is tested is the import, and Examples are built with optimisation.
timeout 900 swift build
timeout 60 .build/debug/user | tee "$work/output"
grep -q "imported and run: sum 3.0" "$work/output"
echo "1 passed, 0 failed"

// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "Benchmarks",
    products: [
        .executable(name: "mixbench", targets: ["mixbench"]),
        .executable(name: "mixoverhead", targets: ["mixoverhead"]),
    ],
    dependencies: [
        .package(name: "MixServe", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .executableTarget(
            name: "mixbench",
            dependencies: [
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "MixMoE", package: "MixServe"),
                .product(name: "MixPlanner", package: "MixServe"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),

        // A program of its own, because it replaces malloc and others.
        .target(name: "COverheadCounter"),
        .executableTarget(
            name: "mixoverhead",
            dependencies: [
                "COverheadCounter",
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "MixMoE", package: "MixServe"),
                .product(name: "MixPlanner", package: "MixServe"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),

        .testTarget(
            name: "mixbenchTests",
            dependencies: ["mixbench", .product(name: "MixCollectives", package: "MixServe")],
            swiftSettings: swiftSettings),
    ]
)

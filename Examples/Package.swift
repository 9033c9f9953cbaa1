// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
]

let package = Package(
    name: "Examples",
    products: [
        .executable(name: "collectives-hello", targets: ["collectives-hello"]),
        .executable(name: "fused-prediction", targets: ["fused-prediction"]),
        .executable(name: "mixplan", targets: ["mixplan"]),
        .executable(name: "moe-layer", targets: ["moe-layer"]),
        .executable(name: "mixserve", targets: ["mixserve"]),
        .library(name: "Decoder", targets: ["Decoder"]),
    ],
    dependencies: [
        .package(name: "MixServe", path: ".."),
        .package(url: "https://github.com/apple/swift-argument-parser", from: "1.8.2"),
    ],
    targets: [
        .executableTarget(
            name: "collectives-hello",
            dependencies: [
                "ExampleSupport",
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "fused-prediction",
            dependencies: [.product(name: "MixPlanner", package: "MixServe")],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "mixplan",
            dependencies: [
                "ExampleSupport",
                .product(name: "MixPlanner", package: "MixServe"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "moe-layer",
            dependencies: [
                "ExampleSupport",
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "MixMoE", package: "MixServe"),
                .product(name: "MixPlanner", package: "MixServe"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        .executableTarget(
            name: "mixserve",
            dependencies: [
                "Decoder",
                "ExampleSupport",
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "MixMoE", package: "MixServe"),
                .product(name: "MixPlanner", package: "MixServe"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
        // Whole models on the library's layers: attention, caches, embeddings and heads.
        .target(
            name: "Decoder",
            dependencies: [
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "MixMoE", package: "MixServe"),
                .product(name: "MixPlanner", package: "MixServe"),
            ],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "DecoderTests",
            dependencies: [
                "Decoder",
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "MixMoE", package: "MixServe"),
                .product(name: "MixPlanner", package: "MixServe"),
            ],
            swiftSettings: swiftSettings),
        // What several examples share.
        .target(
            name: "ExampleSupport",
            dependencies: [
                .product(name: "MixCollectives", package: "MixServe"),
                .product(name: "MixPlanner", package: "MixServe"),
                .product(name: "ArgumentParser", package: "swift-argument-parser"),
            ],
            swiftSettings: swiftSettings),
    ]
)

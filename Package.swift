// swift-tools-version: 6.2
import PackageDescription

let swiftSettings: [SwiftSetting] = [
    .swiftLanguageMode(.v6),
    .enableUpcomingFeature("ExistentialAny"),
    .enableUpcomingFeature("MemberImportVisibility"),
    .enableUpcomingFeature("InternalImportsByDefault"),
    .enableExperimentalFeature("Lifetimes"),
]

let package = Package(
    name: "MixServe",
    products: [
        .library(name: "MixCollectives", targets: ["MixCollectives"]),
        .library(name: "MixMoE", targets: ["MixMoE"]),
        .library(name: "MixPlanner", targets: ["MixPlanner"]),
    ],
    dependencies: [
        // HMAC and SHA-256 for the proof that a peer belongs to the job.
        .package(url: "https://github.com/apple/swift-crypto", from: "4.5.2")
    ],
    targets: [
        // The ground floor: C, and the schedules, which need nothing at all.
        .target(name: "CMixSystem"),
        .target(name: "CMixKernels"),
        .target(name: "CMixVerbs"),
        .target(name: "CMixProducts"),
        .target(name: "MixSchedule", swiftSettings: swiftSettings),

        .target(name: "MixPlanner", dependencies: ["MixSchedule"], swiftSettings: swiftSettings),
        .target(
            name: "MixCollectives",
            dependencies: [
                "MixSchedule", "CMixSystem", "CMixKernels", "CMixVerbs",
                .product(name: "Crypto", package: "swift-crypto"),
            ],
            swiftSettings: swiftSettings),
        .target(
            name: "MixMoE",
            dependencies: ["MixCollectives", "MixPlanner", "CMixSystem", "CMixKernels", "CMixProducts"],
            swiftSettings: swiftSettings),

        .testTarget(
            name: "MixScheduleTests", dependencies: ["MixSchedule"], swiftSettings: swiftSettings),
        .testTarget(
            name: "MixPlannerTests", dependencies: ["MixPlanner", "MixSchedule"], exclude: ["Configs"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "CMixKernelsTests", dependencies: ["CMixKernels"], swiftSettings: swiftSettings),
        .testTarget(
            name: "MixCollectivesTests",
            dependencies: ["MixCollectives", "MixSchedule", "CMixSystem", "MixTestRank", "MixTestSupport"],
            swiftSettings: swiftSettings),
        .testTarget(
            name: "MixMoETests",
            dependencies: [
                "MixMoE", "MixCollectives", "MixPlanner", "CMixProducts", "MixTestRank", "MixTestSupport",
            ],
            swiftSettings: swiftSettings),
        // Ranks as threads, and layers with their reference outputs, for tests.
        .target(
            name: "MixTestSupport", dependencies: ["MixCollectives", "MixMoE", "MixPlanner"],
            path: "Tests/MixTestSupport",
            swiftSettings: swiftSettings),
        // The program that the tests above start as the ranks of a job.
        .executableTarget(
            name: "MixTestRank", dependencies: ["MixCollectives", "MixMoE", "MixPlanner", "MixTestSupport"],
            path: "Tests/MixTestRank",
            swiftSettings: swiftSettings),
    ]
)

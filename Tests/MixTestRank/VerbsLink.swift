import Glibc

// What is internal can be tested in a debug build, and in a release build that was asked to allow it.
#if DEBUG || MIX_TESTABLE

@testable import MixCollectives

/// `verbs-link TEST RANK FOLDER [NUMBER]`: one of the two ranks of a test of the verbs link; they find each other's
/// address in FOLDER. `verbs-link reason`: prints why there is no RDMA.
func verbsLink(_ arguments: [String]) throws -> Int32 {
    if arguments.first == "reason" {
        report("reason: \(VerbsDevice.reasonForAbsence ?? "none, there is RDMA")")
        return VerbsDevice.reasonForAbsence == nil ? 1 : 0
    }
    guard arguments.count >= 3, let rank = Int(arguments[1]), let test = LinkPair.tests[arguments[0]] else { return 64 }
    let pair = try LinkPair(
        rank: rank, folder: arguments[2], number: arguments.count > 3 ? UInt64(arguments[3]) : nil,
        presentsWrongToken: arguments[0] == "token")
    do {
        try test(pair)
    } catch {
        complain("rank \(rank): \(arguments[0]) failed: \(error)")
        return 1
    }
    return 0
}

#else

func verbsLink(_: [String]) throws -> Int32 {
    complain("this build can't test the link: build with -Xswiftc -enable-testing -Xswiftc -DMIX_TESTABLE")
    return 64
}

#endif

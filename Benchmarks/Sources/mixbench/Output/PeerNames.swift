import MixCollectives
import MixSchedule

/// The names that nccl-tests and MPI benchmarks use, in which results of different libraries are compared.
enum PeerNames {
    static func name(_ operation: Operation) -> String {
        switch operation {
        case .allReduce: "allreduce"
        case .reduceScatter: "reduce_scatter"
        case .allGather: "allgather"
        case .allToAll: "alltoall"
        case .allToAllV: "alltoallv"
        case .broadcast: "broadcast"
        case .reduce: "reduce"
        case .gather: "gather"
        case .scatter: "scatter"
        case .barrier: "barrier"
        case .sendReceive: "sendrecv"
        case .fusedAllReduceAllToAll: "fused_allreduce_alltoall"
        case .fusedDispatch: "fused_dispatch"
        case .fusedCombine: "fused_combine"
        }
    }

    static func name(_ type: DataType) -> String {
        switch type {
        case .float32: "float"
        case .float64: "double"
        case .float16: "half"
        case .bfloat16: "bfloat16"
        case .int8: "int8"
        case .int32: "int32"
        case .int64: "int64"
        case .uint8: "uint8"
        case .float8E4M3: "f8e4m3"
        }
    }

    static func operation(_ name: String) -> Operation? { Operation.allCases.first { Self.name($0) == name } }
    static func type(_ name: String) -> DataType? { DataType.allCases.first { Self.name($0) == name } }
}

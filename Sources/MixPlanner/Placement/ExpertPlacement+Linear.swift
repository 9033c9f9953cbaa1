extension ExpertPlacement {
    /// Experts in order, and again from the first where there are more places.
    public static func linear(layers: Int, experts: Int, shape: Shape) throws(PlannerError) -> ExpertPlacement {
        try shape.validate(experts: experts)
        let places = (0..<shape.replicas).map { $0 % experts }
        return ExpertPlacement(
            shape: shape, experts: experts, expertOfPlace: Array(repeating: places, count: layers))
    }
}

// The MoE layers stand on MixCollectives and MixPlanner.

public import ArgumentParser
import Decoder

extension DecoderOptions.Precision: ExpressibleByArgument {}

import MixCollectives
import MixMoE

/// One layer: attention, then a dense block or experts, each behind a norm and added to what came in.
struct DecoderLayer<Element: DecoderElement> {
    enum Block {
        case dense(GatedMLP)
        case experts(MoELayer)
    }

    let attentionNorm: RMSNorm
    let attention: any Attention<Element>
    let blockNorm: RMSNorm
    let block: Block
}

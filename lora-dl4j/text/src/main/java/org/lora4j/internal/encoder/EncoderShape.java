/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.encoder;

import java.util.ArrayList;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.Set;
import org.lora4j.internal.encoder.EncoderTensor.Kind;
import org.lora4j.internal.encoder.EncoderTensor.Stored;

/**
 * What an encoder is made of: a family with everything that its config says.
 *
 * @param family which one
 * @param sizes widths and rows
 * @param parts what is there
 * @param biased linear parts and norms that have a bias
 * @param rms parts that are normalized by their root mean square, without a mean
 * @param epsilon what norms add to the variance
 * @param functions activations by the name of the field that says them, {@code hidden_act} first of all
 * @param paddingId the id behind which positions begin, if they do not begin at 0
 * @param relative what attention adds for relative positions
 * @param rotations rotary positions, those of blocks by index
 * @param scoreScale the factor of scores
 * @param blocks the layers in the order of use
 * @param headInput what a head that leaves it to the config takes
 * @param passedOver the id that is padding to a head on the last token, if the config names one
 * @param unbiased steps of heads that have no bias
 * @apiNote Status: internal
 */
public record EncoderShape(
        EncoderFamily family,
        Sizes sizes,
        Set<EncoderPart> parts,
        Set<EncoderPart> biased,
        Set<EncoderPart> rms,
        double epsilon,
        Map<String, EncoderActivation> functions,
        OptionalInt paddingId,
        RelativeTerms relative,
        List<EncoderRotation> rotations,
        double scoreScale,
        List<EncoderBlock> blocks,
        HeadForm.Input headInput,
        OptionalInt passedOver,
        Set<HeadForm.Kind> unbiased) {

    /** The name of a layer's activation among {@link #functions}. */
    static final String ACTIVATION = "hidden_act";

    /**
     * Widths and rows.
     *
     * @param vocabulary rows of the table of words
     * @param positions the most positions, rows of a table if there is one
     * @param types rows of the table of token types, 0 for none
     * @param embedding width of the tables
     * @param hidden width between layers
     * @param intermediate width within a feed-forward part
     * @param heads heads of queries
     * @param keyHeads heads of keys and values
     * @param headSize width of a head
     * @param relativeRows rows of the table of relative positions, 0 for none
     * @param window of the convolution, 0 for none
     * @param groups of channels of the convolution, none of which sees another one's
     */
    public record Sizes(
            int vocabulary,
            int positions,
            int types,
            int embedding,
            int hidden,
            int intermediate,
            int heads,
            int keyHeads,
            int headSize,
            int relativeRows,
            int window,
            int groups) {

        int queryWidth() {
            return heads * headSize;
        }

        int keyWidth() {
            return keyHeads * headSize;
        }
    }

    /**
     * What attention adds for where tokens stand to each other.
     *
     * @param bias rows of the table of numbers for heads, over key minus query
     * @param products rows of a table that queries or keys are multiplied with, over query minus key
     * @param ofQueries whether queries are
     * @param ofKeys whether keys are
     * @param sharesProjections whether keys and queries of positions are those of tokens
     */
    public record RelativeTerms(
            Optional<Buckets> bias,
            Optional<Buckets> products,
            boolean ofQueries,
            boolean ofKeys,
            boolean sharesProjections) {

        static final RelativeTerms NONE = new RelativeTerms(Optional.empty(), Optional.empty(), false, false, false);
    }

    /** The family's targets of LoRA that this model has. */
    public List<String> targets() {
        return family.targets().stream()
                .filter(name -> parts.stream().map(this::module).anyMatch(path -> ("." + path).endsWith("." + name)))
                .toList();
    }

    /** Whether a part is there. */
    public boolean has(EncoderPart part) {
        return parts.contains(part);
    }

    /** The path of a part that a model has once. */
    public String module(EncoderPart part) {
        return family.name(part, has(EncoderPart.GATE));
    }

    /** The path of a part of a layer. */
    public String module(EncoderPart part, EncoderBlock block) {
        return block.layer() + module(part);
    }

    /** What the names of layers begin with; their number follows. */
    public String layers() {
        return family.layers();
    }

    /** The activation within layers. */
    public EncoderActivation activation() {
        return functions.get(ACTIVATION);
    }

    /** The row of the first position. */
    public int firstPosition() {
        return paddingId.isPresent() ? paddingId.getAsInt() + 1 : 0;
    }

    /** The most tokens of a sequence. */
    public int longestSequence() {
        return sizes.positions() - firstPosition();
    }

    /** What a head takes, where it leaves that to the config. */
    public HeadForm.Input input(HeadForm form) {
        return form.input() == HeadForm.Input.CONFIGURED ? headInput : form.input();
    }

    /** The same with other blocks, numbered from 0. */
    public EncoderShape withBlocks(List<EncoderBlock> others) {
        return new EncoderShape(
                family,
                sizes,
                parts,
                biased,
                rms,
                epsilon,
                functions,
                paddingId,
                relative,
                rotations,
                scoreScale,
                others,
                headInput,
                passedOver,
                unbiased);
    }

    /** Every tensor but those of a pooler, in the order of the forward pass. */
    public List<EncoderTensor> tensors() {
        List<EncoderTensor> all = new ArrayList<>();
        for (EncoderPart part : EncoderPart.values()) {
            if (!part.perLayer() && part != EncoderPart.POOLER && part != EncoderPart.FINAL_NORM && has(part)) {
                add(all, part, module(part), "");
            }
        }
        Set<String> seen = new LinkedHashSet<>();
        for (EncoderBlock block : blocks) {
            if (seen.add(block.layer())) {
                for (EncoderPart part : EncoderPart.values()) {
                    boolean left = part == EncoderPart.ATTENTION_NORM && !block.hasFirstNorm();
                    if (part.perLayer() && has(part) && !left) {
                        add(all, part, module(part, block), number(block));
                    }
                }
            }
        }
        if (has(EncoderPart.FINAL_NORM)) {
            add(all, EncoderPart.FINAL_NORM, module(EncoderPart.FINAL_NORM), "");
        }
        return all;
    }

    /** The tensors of a pooler, which not every file has. */
    public List<EncoderTensor> poolerTensors() {
        List<EncoderTensor> all = new ArrayList<>();
        if (has(EncoderPart.POOLER)) {
            add(all, EncoderPart.POOLER, module(EncoderPart.POOLER), "");
        }
        return all;
    }

    /** The tensors of a head, from input to output. */
    public List<EncoderTensor> headTensors(HeadForm form, int outputs) {
        List<EncoderTensor> all = new ArrayList<>();
        int width = sizes.hidden();
        for (HeadForm.Step step : form.steps()) {
            String module = step.name();
            switch (step.kind()) {
                case LINEAR, TO_EMBEDDING, OUTPUT, SCORE -> {
                    int out = switch (step.kind()) {
                        case LINEAR -> sizes.hidden();
                        case TO_EMBEDDING -> sizes.embedding();
                        default -> outputs;
                    };
                    all.add(new EncoderTensor(module + ".weight", new long[] {width, out}, Kind.LINEAR));
                    if (isBiased(step)) {
                        all.add(new EncoderTensor(module + ".bias", new long[] {out}, Kind.BIAS));
                    }
                    width = out;
                }
                case NORM -> {
                    all.add(new EncoderTensor(module + ".weight", new long[] {width}, Kind.GAIN));
                    if (hasBiasedNorms()) {
                        all.add(new EncoderTensor(module + ".bias", new long[] {width}, Kind.BIAS));
                    }
                }
                case WORDS -> {
                    if (isBiased(step)) {
                        all.add(new EncoderTensor(module, new long[] {sizes.vocabulary()}, Kind.BIAS));
                    }
                }
                default -> {
                    // An activation has no tensors.
                }
            }
        }
        return all;
    }

    /** Whether a step of a head has a bias. */
    public boolean isBiased(HeadForm.Step step) {
        return step.kind() != HeadForm.Kind.SCORE && !unbiased.contains(step.kind());
    }

    /** Whether norms of heads have a bias, as those of the embeddings have. */
    public boolean hasBiasedNorms() {
        return biased.contains(EncoderPart.EMBEDDING_NORM);
    }

    /** The activation of a step of a head. */
    public EncoderActivation function(HeadForm.Step step) {
        return step.name().startsWith("=")
                ? EncoderActivation.named(step.name().substring(1)).orElseThrow()
                : functions.get(step.name());
    }

    private String number(EncoderBlock block) {
        return block.layer().substring(family.layers().length(), block.layer().length() - 1);
    }

    private void add(List<EncoderTensor> all, EncoderPart part, String module, String layer) {
        switch (part.kind()) {
            case TABLE -> add(all, part, layer, module, "weight", Kind.EMBEDDING, table(part));
            case LINEAR -> {
                add(all, part, layer, module, "weight", Kind.LINEAR, in(part), out(part));
                if (biased.contains(part)) {
                    add(all, part, layer, module, "bias", Kind.BIAS, out(part));
                }
            }
            case NORM -> {
                add(all, part, layer, module, "weight", Kind.GAIN, normed(part));
                if (biased.contains(part)) {
                    add(all, part, layer, module, "bias", Kind.BIAS, normed(part));
                }
            }
            case CONVOLUTION -> {
                add(
                        all,
                        part,
                        layer,
                        module,
                        "weight",
                        Kind.CONVOLUTION,
                        sizes.window(),
                        sizes.hidden(),
                        sizes.hidden());
                all.set(all.size() - 1, all.get(all.size() - 1).inGroups(sizes.groups()));
                add(all, part, layer, module, "bias", Kind.BIAS, sizes.hidden());
            }
            case VECTOR -> all.add(new EncoderTensor(module, new long[] {sizes.queryWidth()}, Kind.BIAS));
        }
    }

    private void add(
            List<EncoderTensor> all,
            EncoderPart part,
            String layer,
            String module,
            String parameter,
            Kind kind,
            long... shape) {
        Optional<Stored> stored = family.stored(part, layer, parameter);
        all.add(new EncoderTensor(module + "." + parameter, shape, kind).storedAs(stored));
    }

    private long[] table(EncoderPart part) {
        return switch (part) {
            case WORDS -> new long[] {sizes.vocabulary(), sizes.embedding()};
            case POSITIONS -> new long[] {sizes.positions(), sizes.embedding()};
            case TYPES -> new long[] {sizes.types(), sizes.embedding()};
            case DISTANCES -> new long[] {2L * sizes.positions() - 1, sizes.headSize()};
            default -> new long[] {sizes.relativeRows(), relative.bias().isPresent() ? sizes.heads() : sizes.hidden()};
        };
    }

    private long in(EncoderPart part) {
        return switch (part) {
            case EMBEDDING_PROJECTION -> sizes.embedding();
            case ATTENTION_OUTPUT -> sizes.queryWidth();
            case DOWN -> sizes.intermediate();
            case SCORE_MIXTURE, SHARE_MIXTURE -> sizes.heads();
            default -> sizes.hidden();
        };
    }

    private long out(EncoderPart part) {
        return switch (part) {
            case QUERY, POSITION_KEY, POSITION_QUERY -> sizes.queryWidth();
            case KEY, VALUE -> sizes.keyWidth();
            case QUERY_KEY_VALUE -> sizes.queryWidth() + 2L * sizes.keyWidth();
            case GATE, UP -> sizes.intermediate();
            case GATE_AND_UP, UP_AND_GATE -> 2L * sizes.intermediate();
            case SCORE_MIXTURE, SHARE_MIXTURE -> sizes.heads();
            default -> sizes.hidden();
        };
    }

    private long normed(EncoderPart part) {
        return switch (part) {
            case EMBEDDING_NORM -> family.isProjectedBeforeNorm() ? sizes.hidden() : sizes.embedding();
            case QUERY_NORM, KEY_NORM -> sizes.headSize();
            default -> sizes.hidden();
        };
    }
}

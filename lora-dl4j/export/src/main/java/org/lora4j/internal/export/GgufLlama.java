/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.export;

import java.io.IOException;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeSet;
import java.util.stream.DoubleStream;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.io.FloatRows;
import org.lora4j.internal.format.gguf.GgufElement;
import org.lora4j.internal.format.gguf.GgufTensor;
import org.lora4j.internal.language.Activation;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderLayer;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.Rotation;

/**
 * A decoder in the terms of llama.cpp's architecture "llama": the table of its names, its metadata, and its rows of queries and
 * keys, where the two numbers that are turned together are neighbors.
 *
 * @apiNote Status: internal
 */
public final class GgufLlama {

    /** The architecture. */
    public static final String NAME = "llama";

    private static final Set<String> FAMILIES = new TreeSet<>(Set.of("llama", "mistral"));

    private static final Map<DecoderPart, String> NAMES = Map.ofEntries(
            Map.entry(DecoderPart.WORDS, "token_embd"),
            Map.entry(DecoderPart.FINAL_NORM, "output_norm"),
            Map.entry(DecoderPart.HEAD, "output"),
            Map.entry(DecoderPart.ATTENTION_NORM, "attn_norm"),
            Map.entry(DecoderPart.QUERY, "attn_q"),
            Map.entry(DecoderPart.KEY, "attn_k"),
            Map.entry(DecoderPart.VALUE, "attn_v"),
            Map.entry(DecoderPart.ATTENTION_OUTPUT, "attn_output"),
            Map.entry(DecoderPart.MLP_NORM, "ffn_norm"),
            Map.entry(DecoderPart.GATE, "ffn_gate"),
            Map.entry(DecoderPart.UP, "ffn_up"),
            Map.entry(DecoderPart.DOWN, "ffn_down"));

    /** Frequencies are computed in single precision there. */
    private static final double SAME = 1e-7;

    private final DecoderConfig config;
    private final Map<String, Module> modules = new LinkedHashMap<>();

    /**
     * A module of the model.
     *
     * @param name its name in the file
     * @param heads heads whose rows are in another order there; 0 if none are
     */
    public record Module(String name, DecoderPart part, int heads) {}

    /**
     * The names of a model.
     *
     * @param config the model, as {@link #check} accepts it
     */
    public GgufLlama(DecoderConfig config) {
        this.config = config;
        NAMES.forEach((part, name) -> {
            for (int layer = 0; layer < (part.perLayer() ? config.layers().size() : 1); layer++) {
                int heads =
                        part == DecoderPart.QUERY ? config.heads() : part == DecoderPart.KEY ? config.keyHeads() : 0;
                modules.put(
                        config.module(part, layer),
                        new Module(part.perLayer() ? "blk." + layer + "." + name : name, part, heads));
            }
        });
    }

    /** Finds what llama.cpp would compute in another way. */
    public static void check(DecoderConfig config, Problems problems) {
        String family = config.family().modelType();
        if (!FAMILIES.contains(family)) {
            problems.add("model_type is \"" + family + "\", expected one of " + Problems.quoted(FAMILIES)
                    + ": models of other families are not of llama.cpp's architecture \"llama\"");
            return;
        }
        problems.check(
                config.activation() == Activation.SILU,
                "hidden_act is " + config.activation() + ", expected " + Activation.SILU);
        for (DecoderLayer layer : config.layers()) {
            int window = layer.window().orElse(config.context());
            problems.check(
                    window >= config.context(),
                    "a window of " + window + " tokens, shorter than the context of " + config.context()
                            + ", expected none: the architecture has no windows");
            if (window < config.context()) {
                break;
            }
        }
        problems.check(
                !config.biased().contains(DecoderPart.QUERY) || config.queryWidth() == config.hidden(),
                "queries have a bias of " + config.queryWidth() + " numbers, expected " + config.hidden()
                        + ", the size of hidden states");
        List<Rotation> rotations = config.rotations();
        problems.check(
                rotations.size() == 1
                        && config.layers().stream()
                                .allMatch(layer -> layer.rotation().isPresent()),
                "layers that turn in different ways, expected one rotation for all");
        rotations.forEach(rotation -> {
            problems.check(
                    rotation.size() == config.headSize(),
                    rotation.size() + " of " + config.headSize() + " entries of a head are turned, expected all");
            problems.check(
                    rotation.steadyLength() >= config.context(),
                    "sequences beyond " + rotation.steadyLength()
                            + " tokens are turned in another way (longrope), expected one way");
        });
    }

    /**
     * What the file says of the model, by llama.cpp's keys.
     *
     * @param theta base of the rotations
     */
    public Map<String, Object> metadata(double theta) {
        Map<String, Object> all = new LinkedHashMap<>();
        all.put("llama.block_count", config.layers().size());
        all.put("llama.context_length", config.context());
        all.put("llama.embedding_length", config.hidden());
        all.put("llama.feed_forward_length", config.intermediate());
        all.put("llama.attention.head_count", config.heads());
        all.put("llama.attention.head_count_kv", config.keyHeads());
        all.put("llama.attention.key_length", config.headSize());
        all.put("llama.attention.value_length", config.headSize());
        all.put("llama.attention.layer_norm_rms_epsilon", (float) config.epsilon());
        all.put("llama.rope.dimension_count", config.headSize());
        all.put("llama.rope.freq_base", (float) theta);
        all.put("llama.vocab_size", config.vocabulary());
        double[] stretch = stretch(theta);
        if (isOneNumber(stretch) && stretch[0] != 1) {
            all.put("llama.rope.scaling.type", "linear");
            all.put("llama.rope.scaling.factor", (float) stretch[0]);
        }
        double factor = rotation().factor();
        if (factor != 1) {
            all.put("llama.rope.scaling.attn_factor", (float) factor);
        }
        return all;
    }

    private Rotation rotation() {
        return config.rotations().get(0);
    }

    /** By what each frequency is divided; within rounding of 1 it is 1. */
    private double[] stretch(double theta) {
        double[] frequencies = rotation().frequencies();
        double[] stretch = new double[frequencies.length];
        for (int i = 0; i < stretch.length; i++) {
            double ratio = 1 / Math.pow(theta, 2.0 * i / config.headSize()) / frequencies[i];
            stretch[i] = Math.abs(ratio - 1) < SAME ? 1 : ratio;
        }
        return stretch;
    }

    private static boolean isOneNumber(double[] values) {
        return DoubleStream.of(values).allMatch(value -> Math.abs(value / values[0] - 1) < SAME);
    }

    /**
     * The tensor by which frequencies are divided, if not all of them are by the same number: Llama 3's and YaRN's ways to
     * stretch are the same to llama.cpp, spelled so.
     *
     * @param theta base of the rotations
     */
    public Optional<GgufTensor> divisors(double theta) {
        double[] stretch = stretch(theta);
        if (isOneNumber(stretch)) {
            return Optional.empty();
        }
        float[] row = new float[stretch.length];
        for (int i = 0; i < row.length; i++) {
            row[i] = (float) stretch[i];
        }
        return Optional.of(new GgufTensor(
                "rope_freqs.weight", GgufElement.F32, new long[] {row.length}, sink -> sink.accept(row)));
    }

    /**
     * A module by its path.
     *
     * @param path in the names of Transformers
     * @return the module, if the architecture has it
     */
    public Optional<Module> module(String path) {
        return Optional.ofNullable(modules.get(path));
    }

    /**
     * The tensors of a model.
     *
     * @param element how matrices and tables are stored; vectors stay F32
     * @param narrowed gets the names of tensors that are stored in half precision, because their rows are no whole blocks
     * @return tensors that read the source when they are written
     */
    public List<GgufTensor> tensors(DecoderSource source, GgufElement element, List<String> narrowed) {
        List<GgufTensor> tensors = new ArrayList<>();
        for (String name : source.names()) {
            int dot = name.lastIndexOf('.');
            Module module = module(name.substring(0, dot)).orElseThrow();
            long[] shape = source.shape(name);
            boolean whole = shape[shape.length - 1] % element.block() == 0;
            GgufElement stored = shape.length == 1 ? GgufElement.F32 : whole ? element : GgufElement.F16;
            if (shape.length > 1 && !whole) {
                narrowed.add(module.name());
            }
            tensors.add(new GgufTensor(
                    module.name() + name.substring(dot),
                    stored,
                    shape,
                    sink -> source.read(name, rows -> write(rows, module.heads(), sink))));
        }
        return tensors;
    }

    /**
     * Gives the rows of a tensor in the order of the file.
     *
     * @param rows the rows; one alone is a bias, whose numbers are ordered as rows are
     * @param heads how many heads they belong to, 0 if their order stays
     * @throws IOException if the sink does
     */
    public static void write(FloatRows rows, int heads, GgufTensor.RowSink sink) throws IOException {
        float[] row = new float[rows.length()];
        if (heads > 0 && rows.count() == 1) {
            rows.read(0, row);
            float[] ordered = new float[row.length];
            for (int i = 0; i < row.length; i++) {
                ordered[i] = row[place(i, row.length / heads)];
            }
            sink.accept(ordered);
            return;
        }
        for (long i = 0; i < rows.count(); i++) {
            rows.read(heads == 0 ? i : place((int) i, (int) (rows.count() / heads)), row);
            sink.accept(row);
        }
    }

    /** Where in halves of a head is what belongs to a place in pairs. */
    private static int place(int row, int headSize) {
        int within = row % headSize;
        return row - within + within / 2 + within % 2 * (headSize / 2);
    }

    @Override
    public String toString() {
        return "GgufLlama[" + modules.size() + " modules]";
    }
}

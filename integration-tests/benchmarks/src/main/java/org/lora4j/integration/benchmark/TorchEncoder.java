/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import static org.lora4j.integration.benchmark.TorchForm.Part.*;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.LongOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.lora4j.integration.benchmark.Torch.Linear;
import org.lora4j.integration.benchmark.TorchForm.Places;

/**
 * An encoder in PyTorch, with random weights: fused attention where there is one for its form, fused norms, no dropout and no mask
 * of padding, which favors it. LoRA as PEFT composes it.
 */
final class TorchEncoder {

    /** What keys start with: products in F32 by OpenBLAS, or by MKL. */
    static final String OPEN_BLAS = "torch";

    static final String MKL = "torchMkl";

    /** What they end with. */
    static final String LORA = ".lora";

    static final String LORA_BF16 = ".loraBf16";
    static final String FULL = ".full";
    static final String OUTPUT = ".output";
    static final String OUTPUT_BF16 = ".outputBf16";

    private static final double EPSILON = 1e-12;
    private static final int ROWS = MiniLmBatch.ROWS;
    private static final int LENGTH = MiniLmBatch.LENGTH;
    private static final long TOKENS = (long) ROWS * LENGTH;
    private static final int STEPS = 2;

    private record Norm(Tensor gain, Tensor bias) {
        static Norm of(TorchForm form, int width, boolean trained, List<Tensor> parameters) {
            Norm norm = new Norm(torch.ones(width), form.has(RMS) ? null : torch.zeros(width));
            if (trained) {
                parameters.add(Torch.trained(norm.gain));
                if (norm.bias != null) {
                    parameters.add(Torch.trained(norm.bias));
                }
            }
            return norm;
        }

        Norm in(torch.ScalarType type) {
            return new Norm(gain.to(type), bias == null ? null : bias.to(type));
        }

        Tensor of(Tensor x) {
            long[] width = {gain.size(0)};
            return bias == null
                    ? torch.rms_norm(x, width, new TensorOptional(gain), new DoubleOptional(EPSILON))
                    : torch.layer_norm(x, width, new TensorOptional(gain), new TensorOptional(bias), EPSILON, false);
        }
    }

    /** What is projected of tokens for attention: one product, or three. */
    private record Block(
            List<Linear> attention,
            List<Norm> heads,
            List<Linear> places,
            Linear output,
            Norm first,
            List<Linear> up,
            Linear down,
            Norm second) {
        static Block of(TorchForm form, boolean lora, boolean full, List<Tensor> parameters) {
            int hidden = form.hidden();
            int queries = form.heads() * form.headSize();
            int keys = form.keyHeads() * form.headSize();
            int wide = form.wide();
            int[] attention = form.has(FUSED_ATTENTION) ? new int[] {3 * queries} : new int[] {queries, keys, keys};
            int[] up = !form.has(GATED)
                    ? new int[] {wide}
                    : form.has(FUSED_GATE) ? new int[] {2 * wide} : new int[] {wide, wide};
            int[] places = form.places() == Places.OWN_ROWS ? new int[] {queries, queries} : new int[0];
            Function<int[], List<Linear>> of = widths -> Arrays.stream(widths)
                    .mapToObj(width -> linear(form, hidden, width, lora, full, parameters))
                    .toList();
            return new Block(
                    of.apply(attention),
                    Stream.generate(() -> Norm.of(form, form.headSize(), full, parameters))
                            .limit(form.has(HEAD_NORMS) ? 2 : 0)
                            .toList(),
                    of.apply(places),
                    linear(form, queries, hidden, lora, full, parameters),
                    Norm.of(form, hidden, full, parameters),
                    of.apply(up),
                    linear(form, wide, hidden, lora, full, parameters),
                    Norm.of(form, hidden, full, parameters));
        }

        private static Linear linear(
                TorchForm form, int in, int out, boolean lora, boolean full, List<Tensor> parameters) {
            Linear linear = Linear.of(in, out, lora, full, parameters);
            return form.has(BIASES) ? linear : new Linear(linear.weight(), null, linear.loraA(), linear.loraB());
        }

        Block in(torch.ScalarType type) {
            return new Block(
                    attention.stream().map(linear -> linear.in(type)).toList(),
                    heads.stream().map(norm -> norm.in(type)).toList(),
                    places.stream().map(linear -> linear.in(type)).toList(),
                    output.in(type),
                    first.in(type),
                    up.stream().map(linear -> linear.in(type)).toList(),
                    down.in(type),
                    second.in(type));
        }

        /** What several products, or one with all their columns, give. */
        static List<Tensor> parts(List<Linear> linears, Tensor x, int count) {
            if (linears.size() == count) {
                return linears.stream().map(linear -> linear.of(x)).toList();
            }
            Tensor all = linears.get(0).of(x);
            long width = all.size(1) / count;
            return IntStream.range(0, count)
                    .mapToObj(i -> all.narrow(1, i * width, width))
                    .toList();
        }
    }

    private final TorchForm form;
    private final List<Tensor> parameters = new ArrayList<>();
    private final List<Tensor> tables = new ArrayList<>();
    private final Tensor words;
    private final Linear projection;
    private final Norm norm;
    private final List<Block> blocks = new ArrayList<>();
    private final Linear head;
    private final Tensor ids;
    private final Tensor labels = Torch.numbers(MiniLmBatch.CLASSES, ROWS);
    /** Numbers for each head and distance, or nothing. */
    private final TensorOptional bias;
    /** Rows for distances. */
    private final Tensor distances;
    /** Which row of them is for a query and a key, {@code [1, 1, length, length]}, and for a key and a query. */
    private final Tensor ofKeys;

    private final Tensor ofQueries;
    private final Tensor cosines = Torch.random(LENGTH, 1);
    private final Tensor sines = Torch.random(LENGTH, 1);

    /** {@code type} is that of what is frozen and of activations; pooling, head, loss and adapters are F32 anyway. */
    private TorchEncoder(TorchForm form, boolean lora, boolean full, torch.ScalarType type) {
        this.form = form;
        ids = Torch.numbers(form.vocabulary(), ROWS, LENGTH);
        words = Torch.random(form.vocabulary(), form.embedding()).to(type);
        if (form.places() == Places.TABLE) {
            tables.add(Torch.random(LENGTH, form.embedding()).to(type));
        }
        if (form.has(TYPES)) {
            tables.add(Torch.random(1, form.embedding()).to(type));
        }
        if (full) {
            Stream.concat(Stream.of(words), tables.stream()).forEach(table -> parameters.add(Torch.trained(table)));
        }
        norm = Norm.of(form, form.embedding(), full, parameters).in(type);
        projection = form.embedding() == form.hidden()
                ? null
                : Linear.of(form.embedding(), form.hidden(), lora, full, parameters);
        int own = form.has(ONE_LAYER) ? 1 : TorchForm.LAYERS;
        for (int i = 0; i < own; i++) {
            blocks.add(Block.of(form, lora, full, parameters).in(type));
        }
        head = Linear.of(form.hidden(), MiniLmBatch.CLASSES, false, lora || full, parameters);
        bias = form.places() == Places.BIAS
                ? new TensorOptional(Torch.random(1, form.heads(), LENGTH, LENGTH))
                : new TensorOptional();
        distances = Torch.random(2 * LENGTH, form.hidden());
        Tensor places = torch.arange(new Scalar(LENGTH)).to(torch.ScalarType.Long);
        Tensor keyMinusQuery = places.view(1, 1, 1, LENGTH).sub(places.view(1, 1, LENGTH, 1));
        ofKeys = keyMinusQuery.neg().add(new Scalar(LENGTH));
        ofQueries = keyMinusQuery.add(new Scalar(LENGTH));
    }

    private Tensor logits() {
        Tensor x = torch.embedding(words, ids);
        for (Tensor table : tables) {
            x = x.add(table);
        }
        x = norm.of(x.view(TOKENS, form.embedding()));
        if (projection != null) {
            x = projection.of(x);
        }
        for (int i = 0; i < TorchForm.LAYERS; i++) {
            x = layer(blocks.get(i % blocks.size()), x);
        }
        Tensor pooled = x.view(ROWS, LENGTH, form.hidden()).mean(1).to(torch.ScalarType.Float);
        return head.of(pooled);
    }

    private Tensor layer(Block block, Tensor x) {
        boolean before = form.has(NORM_BEFORE);
        Tensor attended = attended(block, before ? block.first().of(x) : x).add(x);
        Tensor middle = before ? attended : block.first().of(attended);
        Tensor widened =
                widened(block, before ? block.second().of(middle) : middle).add(middle);
        return before ? widened : block.second().of(widened);
    }

    private Tensor widened(Block block, Tensor x) {
        List<Tensor> up = Block.parts(block.up(), x, form.has(GATED) ? 2 : 1);
        Tensor active = form.activation().apply(up.get(0));
        return block.down().of(up.size() == 1 ? active : active.mul(up.get(1)));
    }

    private Tensor attended(Block block, Tensor x) {
        List<Tensor> parts = Block.parts(block.attention(), x, 3);
        Tensor query = heads(parts.get(0), form.heads());
        Tensor key = heads(parts.get(1), form.keyHeads());
        Tensor value = heads(parts.get(2), form.keyHeads());
        if (!block.heads().isEmpty()) {
            query = block.heads().get(0).of(query);
            key = block.heads().get(1).of(key);
        }
        if (form.places() == Places.TURNED) {
            query = turned(query);
            key = turned(key);
        }
        boolean relative = form.places() == Places.OWN_ROWS || form.places() == Places.SHARED_ROWS;
        Tensor seen = relative
                ? disentangled(block, query, key, value)
                : torch.scaled_dot_product_attention(
                        query, repeated(key), repeated(value), bias, 0, form.has(CAUSAL), new DoubleOptional(), false);
        Tensor joined = seen.transpose(1, 2).reshape(TOKENS, (long) form.heads() * form.headSize());
        return block.output().of(joined.to(x.scalar_type()));
    }

    // In F32: in BF16 attention has products of its own, which are slow where PyTorch is not built for MKL.
    private Tensor heads(Tensor x, int heads) {
        return x.to(torch.ScalarType.Float)
                .reshape(ROWS, LENGTH, heads, form.headSize())
                .transpose(1, 2);
    }

    private Tensor turned(Tensor x) {
        int half = form.headSize() / 2;
        Tensor crossed = torch.cat(new TensorVector(x.narrow(3, half, half).neg(), x.narrow(3, 0, half)), 3);
        return x.mul(cosines).add(crossed.mul(sines));
    }

    private Tensor repeated(Tensor x) {
        return form.heads() == form.keyHeads()
                ? x
                : x.repeat_interleave(form.heads() / form.keyHeads(), new LongOptional(1), new LongOptional());
    }

    /** He et al. 2021, DeBERTa, equation 4, with rows for the distances that occur. */
    private Tensor disentangled(Block block, Tensor query, Tensor key, Tensor value) {
        boolean own = form.places() == Places.OWN_ROWS;
        Linear ofRowsAsKeys = own ? block.places().get(0) : block.attention().get(1);
        Linear ofRowsAsQueries = own ? block.places().get(1) : block.attention().get(0);
        Scalar scale = new Scalar(1 / Math.sqrt(3.0 * form.headSize()));
        Tensor scaled = query.mul(scale);
        Tensor scores = torch.matmul(scaled, key.transpose(2, 3))
                .add(placed(scaled, ofRowsAsKeys, ofKeys))
                .add(placed(key.mul(scale), ofRowsAsQueries, ofQueries).transpose(2, 3));
        return torch.matmul(torch.softmax(scores, 3), value);
    }

    private Tensor placed(Tensor x, Linear ofRows, Tensor places) {
        Tensor rows = ofRows.of(distances)
                .view(1, 2 * LENGTH, form.heads(), form.headSize())
                .permute(0, 2, 3, 1);
        return torch.gather(torch.matmul(x, rows), 3, places.expand(ROWS, form.heads(), LENGTH, LENGTH));
    }

    private Contender output(String key, String label) {
        return Contender.timed(key, label, STEPS, () -> Torch.withoutGradients(this::logits));
    }

    private Contender step(String key, String label) {
        Runnable step = Torch.step(() -> torch.cross_entropy_loss(logits(), labels), parameters);
        String name = String.format(Locale.ROOT, "%s, step (%,d parameters)", label, Torch.count(parameters));
        return Contender.timed(key, name, STEPS, step);
    }

    /** Some with the same library for products in F32; those in BF16 are oneDNN's, which PyTorch brings along. */
    static List<Contender> contenders(String prefix, Predicate<String> wanted) {
        List<Contender> contenders = contenders(prefix, TorchForm.MINI_LM, wanted);
        if (prefix.equals(MKL)) {
            Team.requireMkl();
        }
        return contenders;
    }

    /** The same of another form. */
    static List<Contender> contenders(String prefix, TorchForm form, Predicate<String> wanted) {
        String library = prefix.contains("Mkl") ? "PyTorch with MKL" : "PyTorch";
        torch.ScalarType full = torch.ScalarType.Float;
        torch.ScalarType half = torch.ScalarType.BFloat16;
        Map<String, Function<String, Contender>> makers = new LinkedHashMap<>();
        makers.put(
                LORA,
                key -> new TorchEncoder(form, true, false, full).step(key, library + " LoRA on all linear layers"));
        makers.put(
                LORA_BF16,
                key -> new TorchEncoder(form, true, false, half)
                        .step(key, library + " LoRA on all linear layers, BF16"));
        makers.put(FULL, key -> new TorchEncoder(form, false, true, full).step(key, library + " full fine-tuning"));
        makers.put(OUTPUT, key -> new TorchEncoder(form, false, false, full).output(key, library + " base, output"));
        makers.put(
                OUTPUT_BF16,
                key -> new TorchEncoder(form, false, false, half).output(key, library + " base, output, BF16"));
        List<Contender> contenders = new ArrayList<>();
        makers.forEach((what, maker) -> {
            if (wanted.test(prefix + what)) {
                contenders.add(maker.apply(prefix + what));
            }
        });
        return contenders;
    }

    /** The keys of some things with each of the libraries. */
    static List<String> keys(String... whats) {
        return Arrays.stream(whats)
                .flatMap(what -> Stream.of(OPEN_BLAS + what, MKL + what))
                .toList();
    }
}

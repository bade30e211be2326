/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Function;
import java.util.function.Predicate;
import java.util.stream.Stream;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.lora4j.integration.benchmark.Torch.Linear;

/**
 * An encoder of MiniLM's shapes in PyTorch, with random weights: fused attention, fused layer norms, exact GELU, no dropout
 * and no mask, which favors it. LoRA as PEFT composes it.
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

    private static final int VOCABULARY = 30522;
    private static final int HIDDEN = 384;
    private static final int WIDE = 1536;
    private static final int HEADS = 12;
    private static final int LAYERS = 6;
    private static final double EPSILON = 1e-12;
    private static final long TOKENS = (long) MiniLmBatch.ROWS * MiniLmBatch.LENGTH;
    private static final int STEPS = 2;

    private record Norm(Tensor gain, Tensor bias) {
        static Norm of(boolean trained, List<Tensor> parameters) {
            Norm norm = new Norm(torch.ones(HIDDEN), torch.zeros(HIDDEN));
            if (trained) {
                parameters.add(Torch.trained(norm.gain));
                parameters.add(Torch.trained(norm.bias));
            }
            return norm;
        }

        Norm in(torch.ScalarType type) {
            return new Norm(gain.to(type), bias.to(type));
        }

        Tensor of(Tensor x) {
            return torch.layer_norm(
                    x, new long[] {HIDDEN}, new TensorOptional(gain), new TensorOptional(bias), EPSILON, false);
        }
    }

    private record Block(
            Linear query, Linear key, Linear value, Linear output, Norm first, Linear up, Linear down, Norm second) {
        static Block of(boolean lora, boolean full, List<Tensor> parameters) {
            return new Block(
                    Linear.of(HIDDEN, HIDDEN, lora, full, parameters),
                    Linear.of(HIDDEN, HIDDEN, lora, full, parameters),
                    Linear.of(HIDDEN, HIDDEN, lora, full, parameters),
                    Linear.of(HIDDEN, HIDDEN, lora, full, parameters),
                    Norm.of(full, parameters),
                    Linear.of(HIDDEN, WIDE, lora, full, parameters),
                    Linear.of(WIDE, HIDDEN, lora, full, parameters),
                    Norm.of(full, parameters));
        }

        Block in(torch.ScalarType type) {
            return new Block(
                    query.in(type),
                    key.in(type),
                    value.in(type),
                    output.in(type),
                    first.in(type),
                    up.in(type),
                    down.in(type),
                    second.in(type));
        }

        Tensor of(Tensor x) {
            Tensor attended =
                    torch.scaled_dot_product_attention(heads(query.of(x)), heads(key.of(x)), heads(value.of(x)));
            Tensor joined = attended.transpose(1, 2).reshape(TOKENS, HIDDEN).to(x.scalar_type());
            Tensor middle = first.of(output.of(joined).add(x));
            return second.of(down.of(torch.gelu(up.of(middle))).add(middle));
        }

        // In F32: in BF16 attention has products of its own, which are slow where PyTorch is not built for MKL.
        private static Tensor heads(Tensor x) {
            return x.to(torch.ScalarType.Float)
                    .view(MiniLmBatch.ROWS, MiniLmBatch.LENGTH, HEADS, HIDDEN / HEADS)
                    .transpose(1, 2);
        }
    }

    private final List<Tensor> parameters = new ArrayList<>();
    private final Tensor words;
    private final Tensor positions;
    private final Tensor types;
    private final Norm norm;
    private final List<Block> blocks = new ArrayList<>();
    private final Linear head;
    private final Tensor ids = Torch.numbers(VOCABULARY, MiniLmBatch.ROWS, MiniLmBatch.LENGTH);
    private final Tensor places = Torch.numbers(MiniLmBatch.LENGTH, MiniLmBatch.LENGTH);
    private final Tensor kinds = torch.zeros(MiniLmBatch.LENGTH).to(torch.ScalarType.Long);
    private final Tensor labels = Torch.numbers(MiniLmBatch.CLASSES, MiniLmBatch.ROWS);

    /** {@code type} is that of what is frozen and of activations; pooling, head, loss and adapters are F32 anyway. */
    private TorchEncoder(boolean lora, boolean full, torch.ScalarType type) {
        words = Torch.random(VOCABULARY, HIDDEN).to(type);
        positions = Torch.random(512, HIDDEN).to(type);
        types = Torch.random(2, HIDDEN).to(type);
        if (full) {
            List.of(words, positions, types).forEach(table -> parameters.add(Torch.trained(table)));
        }
        norm = Norm.of(full, parameters).in(type);
        for (int i = 0; i < LAYERS; i++) {
            blocks.add(Block.of(lora, full, parameters).in(type));
        }
        head = Linear.of(HIDDEN, MiniLmBatch.CLASSES, false, lora || full, parameters);
    }

    private Tensor logits() {
        Tensor x = torch.embedding(words, ids)
                .add(torch.embedding(positions, places))
                .add(torch.embedding(types, kinds));
        x = norm.of(x.view(TOKENS, HIDDEN));
        for (Block block : blocks) {
            x = block.of(x);
        }
        Tensor pooled =
                x.view(MiniLmBatch.ROWS, MiniLmBatch.LENGTH, HIDDEN).mean(1).to(torch.ScalarType.Float);
        return head.of(pooled);
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
        String library = prefix.equals(MKL) ? "PyTorch with MKL" : "PyTorch";
        torch.ScalarType full = torch.ScalarType.Float;
        torch.ScalarType half = torch.ScalarType.BFloat16;
        Map<String, Function<String, Contender>> makers = new LinkedHashMap<>();
        makers.put(LORA, key -> new TorchEncoder(true, false, full).step(key, library + " LoRA on all linear layers"));
        makers.put(
                LORA_BF16,
                key -> new TorchEncoder(true, false, half).step(key, library + " LoRA on all linear layers, BF16"));
        makers.put(FULL, key -> new TorchEncoder(false, true, full).step(key, library + " full fine-tuning"));
        makers.put(OUTPUT, key -> new TorchEncoder(false, false, full).output(key, library + " base, output"));
        makers.put(
                OUTPUT_BF16, key -> new TorchEncoder(false, false, half).output(key, library + " base, output, BF16"));
        List<Contender> contenders = new ArrayList<>();
        makers.forEach((what, maker) -> {
            if (wanted.test(prefix + what)) {
                contenders.add(maker.apply(prefix + what));
            }
        });
        if (prefix.equals(MKL)) {
            Team.requireMkl();
        }
        return contenders;
    }

    /** The keys of some things with each of the libraries. */
    static List<String> keys(String... whats) {
        return Arrays.stream(whats)
                .flatMap(what -> Stream.of(OPEN_BLAS + what, MKL + what))
                .toList();
    }
}

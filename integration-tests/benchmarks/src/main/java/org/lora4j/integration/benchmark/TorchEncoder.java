/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.util.ArrayList;
import java.util.List;
import java.util.Locale;
import java.util.function.Predicate;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.global.torch;
import org.lora4j.integration.benchmark.Torch.Linear;

/**
 * An encoder of MiniLM's shapes in PyTorch, with random weights: fused attention, fused layer norms, exact GELU, no dropout
 * and no mask, which favors it. LoRA as PEFT composes it.
 */
final class TorchEncoder {

    static final String LORA = "torch.lora";
    static final String FULL = "torch.full";
    static final String OUTPUT = "torch.output";

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

        Tensor of(Tensor x) {
            Tensor attended =
                    torch.scaled_dot_product_attention(heads(query.of(x)), heads(key.of(x)), heads(value.of(x)));
            Tensor joined = attended.transpose(1, 2).reshape(TOKENS, HIDDEN);
            Tensor middle = first.of(output.of(joined).add(x));
            return second.of(down.of(torch.gelu(up.of(middle))).add(middle));
        }

        private static Tensor heads(Tensor x) {
            return x.view(MiniLmBatch.ROWS, MiniLmBatch.LENGTH, HEADS, HIDDEN / HEADS)
                    .transpose(1, 2);
        }
    }

    private final List<Tensor> parameters = new ArrayList<>();
    private final Tensor words = Torch.random(VOCABULARY, HIDDEN);
    private final Tensor positions = Torch.random(512, HIDDEN);
    private final Tensor types = Torch.random(2, HIDDEN);
    private final Norm norm;
    private final List<Block> blocks = new ArrayList<>();
    private final Linear head;
    private final Tensor ids = Torch.numbers(VOCABULARY, MiniLmBatch.ROWS, MiniLmBatch.LENGTH);
    private final Tensor places = Torch.numbers(MiniLmBatch.LENGTH, MiniLmBatch.LENGTH);
    private final Tensor kinds = torch.zeros(MiniLmBatch.LENGTH).to(torch.ScalarType.Long);
    private final Tensor labels = Torch.numbers(MiniLmBatch.CLASSES, MiniLmBatch.ROWS);

    private TorchEncoder(boolean lora, boolean full) {
        if (full) {
            List.of(words, positions, types).forEach(table -> parameters.add(Torch.trained(table)));
        }
        norm = Norm.of(full, parameters);
        for (int i = 0; i < LAYERS; i++) {
            blocks.add(Block.of(lora, full, parameters));
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
        Tensor pooled = x.view(MiniLmBatch.ROWS, MiniLmBatch.LENGTH, HIDDEN).mean(1);
        return head.of(pooled);
    }

    private Contender output() {
        return Contender.timed(OUTPUT, "PyTorch base, output", STEPS, () -> Torch.withoutGradients(this::logits));
    }

    private Contender step(String key, String label) {
        Runnable step = Torch.step(() -> torch.cross_entropy_loss(logits(), labels), parameters);
        String name = String.format(Locale.ROOT, "%s, step (%,d parameters)", label, Torch.count(parameters));
        return Contender.timed(key, name, STEPS, step);
    }

    static List<Contender> contenders(Predicate<String> wanted) {
        List<Contender> contenders = new ArrayList<>();
        if (wanted.test(LORA)) {
            contenders.add(new TorchEncoder(true, false).step(LORA, "PyTorch LoRA on all linear layers"));
        }
        if (wanted.test(FULL)) {
            contenders.add(new TorchEncoder(false, true).step(FULL, "PyTorch full fine-tuning"));
        }
        if (wanted.test(OUTPUT)) {
            contenders.add(new TorchEncoder(false, false).output());
        }
        return contenders;
    }
}

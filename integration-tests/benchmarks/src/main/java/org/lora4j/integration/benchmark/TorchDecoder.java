/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.nio.FloatBuffer;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.function.Predicate;
import org.bytedeco.pytorch.AbstractTensor;
import org.bytedeco.pytorch.BoolOptional;
import org.bytedeco.pytorch.DoubleOptional;
import org.bytedeco.pytorch.Scalar;
import org.bytedeco.pytorch.Tensor;
import org.bytedeco.pytorch.TensorArrayRefOptional;
import org.bytedeco.pytorch.TensorOptional;
import org.bytedeco.pytorch.TensorVector;
import org.bytedeco.pytorch.global.torch;
import org.lora4j.format.TensorEntry;
import org.lora4j.format.safetensors.SafetensorsReader;
import org.lora4j.integration.benchmark.Torch.Linear;
import org.lora4j.internal.language.DecoderConfig;
import org.lora4j.internal.language.DecoderConfigReader;
import org.lora4j.internal.language.DecoderPart;

/**
 * The decoder of {@link DecoderTeam} in PyTorch, with the same weights, adapters and batch: composed as Transformers and PEFT
 * compose it, attention fused and causal without a mask. The loss goes through the head in pieces: logits of some rows, their
 * loss and its gradient to the hidden states, before those of the next rows, so that all logits never are there at once. As the
 * head is frozen, nothing is computed twice.
 */
final class TorchDecoder {

    static final String STEP = "torchLm.step";

    private static final int PIECE = 256;
    private static final int TARGETS = DecoderTeam.ROWS * (DecoderTeam.TOKENS - 1);

    private record Layer(
            Tensor attentionNorm,
            Linear query,
            Linear key,
            Linear value,
            Linear output,
            Tensor mlpNorm,
            Linear gate,
            Linear up,
            Linear down) {}

    private final DecoderConfig config;
    private final List<Tensor> parameters = new ArrayList<>();
    private final Map<String, RandomPairs.Pair> pairs;
    private final List<Layer> layers = new ArrayList<>();
    private final Tensor words;
    private final Tensor finalNorm;
    private final Tensor ids;
    private final Tensor labels;
    private final Tensor cosines;
    private final Tensor sines;

    private TorchDecoder() throws IOException {
        config = DecoderConfigReader.read(DecoderTeam.small(), Integer.MAX_VALUE);
        pairs = RandomPairs.of(config, MiniLmModels.SEED);
        try (SafetensorsReader file = SafetensorsReader.open(DecoderTeam.small().resolve("model.safetensors"))) {
            words = weight(file, config.module(DecoderPart.WORDS, 0));
            finalNorm = weight(file, config.module(DecoderPart.FINAL_NORM, 0));
            for (int layer = 0; layer < config.layers().size(); layer++) {
                layers.add(new Layer(
                        weight(file, config.module(DecoderPart.ATTENTION_NORM, layer)),
                        linear(file, DecoderPart.QUERY, layer),
                        linear(file, DecoderPart.KEY, layer),
                        linear(file, DecoderPart.VALUE, layer),
                        linear(file, DecoderPart.ATTENTION_OUTPUT, layer),
                        weight(file, config.module(DecoderPart.MLP_NORM, layer)),
                        linear(file, DecoderPart.GATE, layer),
                        linear(file, DecoderPart.UP, layer),
                        linear(file, DecoderPart.DOWN, layer)));
            }
        }
        int[][] rows = LanguageProcess.ids(config, DecoderTeam.ROWS, DecoderTeam.TOKENS);
        long[] all = new long[DecoderTeam.ROWS * DecoderTeam.TOKENS];
        long[] next = new long[TARGETS];
        for (int row = 0; row < rows.length; row++) {
            for (int t = 0; t < DecoderTeam.TOKENS; t++) {
                all[row * DecoderTeam.TOKENS + t] = rows[row][t];
                if (t > 0) {
                    next[row * (DecoderTeam.TOKENS - 1) + t - 1] = rows[row][t];
                }
            }
        }
        ids = AbstractTensor.create(all, all.length);
        labels = AbstractTensor.create(next, next.length);
        int half = config.headSize() / 2;
        double[] cosine = new double[DecoderTeam.TOKENS * half];
        double[] sine = new double[cosine.length];
        for (int t = 0; t < DecoderTeam.TOKENS; t++) {
            config.rotations().get(0).at(t, DecoderTeam.TOKENS, cosine, sine, t * half);
        }
        cosines = twice(cosine, half);
        sines = twice(sine, half);
    }

    private static Tensor twice(double[] angles, int half) {
        float[] values = new float[2 * angles.length];
        for (int i = 0; i < angles.length; i++) {
            int at = i / half * 2 * half + i % half;
            values[at] = (float) angles[i];
            values[at + half] = (float) angles[i];
        }
        return AbstractTensor.create(values, DecoderTeam.TOKENS, 2 * half);
    }

    private static Tensor weight(SafetensorsReader file, String module) throws IOException {
        TensorEntry entry = file.tensor(module + ".weight");
        FloatBuffer values =
                file.map(entry, 0, Math.toIntExact(entry.byteCount())).asFloatBuffer();
        float[] copied = new float[values.remaining()];
        values.get(copied);
        return AbstractTensor.create(copied, entry.shape());
    }

    private Linear linear(SafetensorsReader file, DecoderPart part, int layer) throws IOException {
        String module = config.module(part, layer);
        RandomPairs.Pair pair = pairs.get(module);
        int rank = RandomPairs.RANK;
        Tensor a = Torch.trained(AbstractTensor.create(pair.a(), rank, pair.a().length / rank));
        Tensor b = Torch.trained(AbstractTensor.create(pair.b(), pair.b().length / rank, rank));
        parameters.addAll(List.of(a, b));
        return new Linear(weight(file, module), null, a, b);
    }

    private Tensor hidden() {
        Tensor x = torch.embedding(words, ids);
        for (Layer layer : layers) {
            Tensor attended = attention(layer, norm(x, layer.attentionNorm()));
            Tensor between = x.add(attended);
            Tensor y = norm(between, layer.mlpNorm());
            Tensor wide = torch.silu(layer.gate().of(y)).mul(layer.up().of(y));
            x = between.add(layer.down().of(wide));
        }
        return norm(x, finalNorm);
    }

    private Tensor norm(Tensor x, Tensor gain) {
        return torch.rms_norm(
                x, new long[] {config.hidden()}, new TensorOptional(gain), new DoubleOptional(config.epsilon()));
    }

    private Tensor attention(Layer layer, Tensor x) {
        int share = config.heads() / config.keyHeads();
        Tensor query = turned(heads(layer.query().of(x), config.heads()));
        Tensor key = repeated(turned(heads(layer.key().of(x), config.keyHeads())), share);
        Tensor value = repeated(heads(layer.value().of(x), config.keyHeads()), share);
        Tensor attended = torch.scaled_dot_product_attention(
                query, key, value, new TensorOptional(), 0, true, new DoubleOptional(), false);
        return layer.output().of(attended.transpose(1, 2).reshape(x.size(0), config.heads() * config.headSize()));
    }

    private Tensor heads(Tensor x, int heads) {
        return x.view(DecoderTeam.ROWS, DecoderTeam.TOKENS, heads, config.headSize())
                .transpose(1, 2);
    }

    private Tensor turned(Tensor x) {
        int half = config.headSize() / 2;
        Tensor crossed = torch.cat(new TensorVector(x.narrow(3, half, half).neg(), x.narrow(3, 0, half)), 3);
        return x.mul(cosines).add(crossed.mul(sines));
    }

    private Tensor repeated(Tensor x, int share) {
        return x.unsqueeze(2)
                .expand(DecoderTeam.ROWS, config.keyHeads(), share, DecoderTeam.TOKENS, config.headSize())
                .reshape(DecoderTeam.ROWS, config.heads(), DecoderTeam.TOKENS, config.headSize());
    }

    /** Gradients of all factors, and the loss. */
    private double gradients() {
        Tensor hidden = hidden();
        Tensor learned = hidden.view(DecoderTeam.ROWS, DecoderTeam.TOKENS, config.hidden())
                .narrow(1, 0, DecoderTeam.TOKENS - 1)
                .reshape(TARGETS, config.hidden());
        Tensor values = learned.detach();
        Tensor gradient = torch.zeros(TARGETS, config.hidden());
        double[] loss = {0};
        for (int from = 0; from < TARGETS; from += PIECE) {
            long first = from;
            long count = Math.min(PIECE, TARGETS - from);
            Torch.releasing(() -> {
                Tensor some = Torch.trained(values.narrow(0, first, count).detach());
                Tensor share = torch.cross_entropy_loss(torch.linear(some, words), labels.narrow(0, first, count))
                        .mul(new Scalar((double) count / TARGETS));
                share.backward();
                loss[0] += share.item_float();
                gradient.narrow(0, first, count).copy_(some.grad());
            });
        }
        learned.backward(gradient, new BoolOptional(), false, new TensorArrayRefOptional());
        return loss[0];
    }

    static Map<String, String> facts() throws IOException {
        Map<String, String> facts = new LinkedHashMap<>(Torch.facts());
        Torch.releasing(() -> {
            try {
                facts.put(DecoderTeam.LOSS, String.format(Locale.ROOT, "%.6f", new TorchDecoder().gradients()));
            } catch (IOException e) {
                throw new java.io.UncheckedIOException(e);
            }
        });
        return facts;
    }

    static List<Contender> contenders(Predicate<String> wanted) throws IOException {
        if (!wanted.test(STEP)) {
            return List.of();
        }
        TorchDecoder network = new TorchDecoder();
        String label = String.format(
                Locale.ROOT,
                "PyTorch, LoRA on all linear layers, loss in pieces, step (%,d parameters)",
                Torch.count(network.parameters));
        return List.of(Contender.timed(STEP, label, 1, Torch.stepBy(network::gradients, network.parameters)));
    }
}

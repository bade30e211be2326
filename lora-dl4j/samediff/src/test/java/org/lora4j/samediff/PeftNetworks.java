/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.samediff;

import com.fasterxml.jackson.databind.JsonNode;
import java.util.Arrays;
import java.util.Map;
import java.util.TreeMap;
import java.util.function.BiFunction;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv1DConfig;
import org.nd4j.linalg.api.ops.impl.layers.convolution.config.Conv2DConfig;
import org.nd4j.linalg.factory.Nd4j;

/** The networks that the golden cases name, as SameDiff graphs; weights lie as PyTorch has them. */
final class PeftNetworks {

    private static final Map<String, BiFunction<PeftNetworks, JsonNode, SDVariable>> TABLE = new TreeMap<>(Map.of(
            "mlp", PeftNetworks::mlp,
            "seqmlp", PeftNetworks::sequential,
            "stack", PeftNetworks::stack,
            "twostack", PeftNetworks::twoStacks,
            "embnet", PeftNetworks::embedding,
            "convnet", PeftNetworks::convolutions,
            "gpt2", PeftNetworks::gpt2,
            "llama", PeftNetworks::llama,
            "moe", PeftNetworks::experts));

    private final SameDiff sd;
    private final Map<String, INDArray> base;
    private final Map<String, INDArray> io;

    private PeftNetworks(SameDiff sd, Map<String, INDArray> base, Map<String, INDArray> io) {
        this.sd = sd;
        this.base = base;
        this.io = io;
    }

    /** Builds the network of a case into a graph; returns its output. */
    static SDVariable build(SameDiff sd, JsonNode description, Map<String, INDArray> base, Map<String, INDArray> io) {
        return TABLE.get(description.get("model").asText())
                .apply(new PeftNetworks(sd, base, io), description.get("params"));
    }

    private SDVariable mlp(JsonNode params) {
        SDVariable h = input("x");
        int layers = params.get("dims").size() - 1;
        for (int i = 1; i <= layers; i++) {
            h = linear("fc" + i, h);
            h = i < layers ? sd.nn().relu(h, 0) : h;
        }
        return h;
    }

    private SDVariable sequential(JsonNode params) {
        SDVariable h = sd.nn().relu(linear("0", input("x")), 0);
        return linear("4", sd.nn().relu(linear("2", h), 0));
    }

    private SDVariable stack(JsonNode params) {
        return linear("head", layers("layers", params, linear("inp", input("x"))));
    }

    private SDVariable twoStacks(JsonNode params) {
        SDVariable h = layers("enc.layers", params, linear("inp", input("x")));
        return linear("head", layers("dec.h", params, h));
    }

    private SDVariable layers(String list, JsonNode params, SDVariable input) {
        SDVariable h = input;
        for (int i = 0; i < params.get("n").asInt(); i++) {
            String layer = list + "." + i + ".";
            SDVariable gate = sd.math().tanh(linear(layer + "q_proj", h));
            h = h.add(linear(layer + "down", gate.mul(linear(layer + "v_proj", h))));
        }
        return h;
    }

    private SDVariable embedding(JsonNode params) {
        SDVariable found = sd.gather(leaf("embed.weight"), ids(), 0);
        return linear("fc", found.mean(1));
    }

    private SDVariable convolutions(JsonNode params) {
        SDVariable h = input("x");
        int axes = params.get("nd").asInt();
        for (int i = 0; i < params.get("convs").size(); i++) {
            JsonNode conv = params.get("convs").get(i);
            h = sd.nn().relu(convolution("conv" + (i + 1), h, axes, conv), 0);
        }
        int[] spatial = axes == 1 ? new int[] {2} : new int[] {2, 3};
        return linear("fc", h.mean(spatial));
    }

    private SDVariable convolution(String module, SDVariable x, int axes, JsonNode geometry) {
        INDArray torch =
                dense(base.get(module + ".weight"), geometry.path("groups").asInt(1));
        SDVariable bias = leaf(module + ".bias");
        int k = (int) torch.size(2);
        int stride = geometry.path("stride").asInt(1);
        int padding = geometry.path("padding").asInt(0);
        if (axes == 1) {
            SDVariable w = sd.var(module + ".weight", torch.permute(2, 1, 0).dup('c'));
            Conv1DConfig config = Conv1DConfig.builder()
                    .k(k)
                    .s(stride)
                    .p(padding)
                    .paddingMode(org.nd4j.linalg.api.ops.impl.layers.convolution.config.PaddingMode.VALID)
                    .dataFormat(Conv1DConfig.NCW)
                    .build();
            return sd.cnn().conv1d(x, w, bias, config);
        }
        SDVariable w = sd.var(module + ".weight", torch.permute(2, 3, 1, 0).dup('c'));
        Conv2DConfig config = Conv2DConfig.builder()
                .kH(k)
                .kW(k)
                .sH(stride)
                .sW(stride)
                .pH(padding)
                .pW(padding)
                .dataFormat(Conv2DConfig.NCHW)
                .build();
        return sd.cnn().conv2d(x, w, bias, config);
    }

    /** A kernel of several groups of channels as one of all channels, zero where groups do not meet. */
    private static INDArray dense(INDArray kernel, int groups) {
        if (groups == 1) {
            return kernel;
        }
        long[] shape = kernel.shape().clone();
        long inputs = shape[1];
        shape[1] = inputs * groups;
        INDArray dense = Nd4j.zeros(DataType.FLOAT, shape);
        for (long o = 0; o < shape[0]; o++) {
            long group = o / (shape[0] / groups);
            for (long i = 0; i < inputs; i++) {
                dense.slice(o).slice(group * inputs + i).assign(kernel.slice(o).slice(i));
            }
        }
        return dense;
    }

    private SDVariable gpt2(JsonNode params) {
        int heads = params.get("heads").asInt();
        long time = io.get("x").size(1);
        long d = io.get("x").size(2);
        SDVariable h = sd.reshape(input("x"), -1, d);
        for (int i = 0; i < params.get("n").asInt(); i++) {
            String layer = "h." + i + ".";
            SDVariable qkv = conv1D(layer + "attn.c_attn", layerNorm(layer + "ln_1", h));
            SDVariable a =
                    attention(columns(qkv, 0, d), columns(qkv, d, d), columns(qkv, 2 * d, d), heads, heads, time);
            h = h.add(conv1D(layer + "attn.c_proj", a));
            SDVariable m = geluTanh(conv1D(layer + "mlp.c_fc", layerNorm(layer + "ln_2", h)));
            h = h.add(conv1D(layer + "mlp.c_proj", m));
        }
        return sd.reshape(layerNorm("ln_f", h), -1, time, d);
    }

    private SDVariable llama(JsonNode params) {
        long time = io.get("ids").size(1);
        long d = base.get("model.embed_tokens.weight").size(1);
        long vocabulary = base.get("model.embed_tokens.weight").size(0);
        SDVariable table = leaf("model.embed_tokens.weight");
        SDVariable h = sd.reshape(sd.gather(table, ids(), 0), -1, d);
        for (int i = 0; i < params.get("n").asInt(); i++) {
            String layer = "model.layers." + i + ".";
            SDVariable x = rmsNorm(layer + "input_layernorm", h);
            SDVariable q = linear(layer + "self_attn.q_proj", x);
            SDVariable k = linear(layer + "self_attn.k_proj", x);
            SDVariable v = linear(layer + "self_attn.v_proj", x);
            h = h.add(linear(layer + "self_attn.o_proj", attention(q, k, v, 2, 1, time)));
            x = rmsNorm(layer + "post_attention_layernorm", h);
            SDVariable gate = linear(layer + "mlp.gate_proj", x);
            SDVariable up = linear(layer + "mlp.up_proj", x);
            h = h.add(linear(
                    layer + "mlp.down_proj", gate.mul(sd.nn().sigmoid(gate)).mul(up)));
        }
        h = rmsNorm("model.norm", h);
        boolean tied = params.path("tied").asBoolean(false);
        SDVariable logits = tied ? sd.mmul(h, table, false, true, false) : linear("lm_head", h);
        return sd.reshape(logits, -1, time, vocabulary);
    }

    private SDVariable experts(JsonNode params) {
        SDVariable x = input("x");
        SDVariable p = sd.nn().softmax(linear("router", x), 1);
        SDVariable up = leaf("experts.gate_up");
        SDVariable down = leaf("experts.down");
        SDVariable y = null;
        for (int e = 0; e < params.get("E").asInt(); e++) {
            SDVariable h = sd.nn().relu(x.mmul(slice(up, e)), 0).mmul(slice(down, e));
            SDVariable part = h.mul(columns(p, e, 1));
            y = y == null ? part : y.add(part);
        }
        return y;
    }

    private static SDVariable slice(SDVariable stack, int index) {
        return stack.get(SDIndex.point(index), SDIndex.all(), SDIndex.all());
    }

    private SDVariable columns(SDVariable x, long from, long count) {
        return x.get(SDIndex.all(), SDIndex.interval(from, from + count));
    }

    private SDVariable attention(SDVariable q, SDVariable k, SDVariable v, int heads, int keyHeads, long time) {
        INDArray future = Nd4j.zeros(DataType.FLOAT, time, time);
        for (long i = 0; i < time; i++) {
            for (long j = i + 1; j < time; j++) {
                future.putScalar(i, j, -1e9);
            }
        }
        long size = width(q) / heads;
        SDVariable scores = sd.mmul(heads(q, heads, heads, time), heads(k, heads, keyHeads, time), false, true, false)
                .mul(1 / Math.sqrt(size))
                .add(sd.constant(future));
        SDVariable mixed = sd.nn().softmax(scores, -1).mmul(heads(v, heads, keyHeads, time));
        return sd.reshape(sd.permute(mixed, 0, 2, 1, 3), -1, heads * size);
    }

    private long width(SDVariable q) {
        return base.containsKey("ln_f.weight")
                ? base.get("ln_f.weight").length()
                : base.get("model.norm.weight").length();
    }

    private SDVariable heads(SDVariable x, int heads, int keyHeads, long time) {
        long size = width(x) / heads;
        SDVariable split = sd.permute(sd.reshape(x, -1, time, keyHeads, size), 0, 2, 1, 3);
        if (heads == keyHeads) {
            return split;
        }
        SDVariable[] copies = new SDVariable[heads / keyHeads];
        Arrays.fill(copies, sd.reshape(split, -1, keyHeads, 1, time, size));
        return sd.reshape(sd.concat(2, copies), -1, heads, time, size);
    }

    private SDVariable layerNorm(String module, SDVariable x) {
        SDVariable centered = x.sub(x.mean(true, 1));
        SDVariable variance = centered.mul(centered).mean(true, 1);
        return centered.div(sd.math().sqrt(variance.add(1e-5)))
                .mul(leaf(module + ".weight"))
                .add(leaf(module + ".bias"));
    }

    private SDVariable rmsNorm(String module, SDVariable x) {
        SDVariable square = x.mul(x).mean(true, 1);
        return x.div(sd.math().sqrt(square.add(1e-6))).mul(leaf(module + ".weight"));
    }

    private SDVariable geluTanh(SDVariable x) {
        SDVariable inner = x.add(x.mul(x).mul(x).mul(0.044715)).mul(Math.sqrt(2 / Math.PI));
        return x.mul(sd.math().tanh(inner).add(1)).mul(0.5);
    }

    private SDVariable input(String name) {
        long[] shape = io.get(name).shape().clone();
        shape[0] = -1;
        return sd.placeHolder(name, DataType.FLOAT, shape);
    }

    private SDVariable ids() {
        return sd.placeHolder("ids", DataType.INT64, -1, io.get("ids").size(1));
    }

    private SDVariable leaf(String name) {
        return sd.hasVariable(name) ? sd.getVariable(name) : sd.var(name, base.get(name));
    }

    private SDVariable linear(String module, SDVariable x) {
        SDVariable y = sd.mmul(x, leaf(module + ".weight"), false, true, false);
        return base.containsKey(module + ".bias") ? y.add(leaf(module + ".bias")) : y;
    }

    private SDVariable conv1D(String module, SDVariable x) {
        return x.mmul(leaf(module + ".weight")).add(leaf(module + ".bias"));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language;

import java.math.BigInteger;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import java.util.Optional;
import org.lora4j.quant.StoredWeight;
import org.lora4j.quant.StoredWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * A decoder as a SameDiff graph over its weights, whose arrays are shared. Rows are flat, {@code [batch * length, size]}: a
 * product of rank 3 with rank 2 does not exist in SameDiff, and a flat product is one call of the matrix library.
 *
 * <p>Every variable is named, with a dot or a slash: a name equal to the automatic name of another op would break the saved
 * graph.
 */
final class GraphMath implements DecoderMath<SDVariable> {

    private final SameDiff sd;
    private final DecoderWeights weights;
    private final DecoderConfig config;
    private final DataType type;
    private final SDVariable ids;
    private final SDVariable size;
    private final SDVariable batch;
    private final SDVariable length;
    private final SDVariable headSize;

    /** Into an empty graph; of type DOUBLE, weights are widened copies. */
    GraphMath(SameDiff sd, DecoderWeights weights, DataType type) {
        this.sd = sd;
        this.weights = weights;
        this.config = weights.config();
        this.type = type;
        this.ids = sd.placeHolder(DecoderInputs.INPUT_IDS, DataType.INT32, -1, -1);
        this.size = sd.shape("input_ids/shape", ids);
        this.batch = sd.gather("input_ids/batch", size, new int[] {0}, 0);
        this.length = sd.gather("input_ids/length", size, new int[] {1}, 0);
        this.headSize = constant("attention/head_size", config.headSize());
        config.layers().stream()
                .map(DecoderLayer::window)
                .distinct()
                .forEach(window -> sd.placeHolder(DecoderInputs.scores(window), type, -1, 1, -1, -1));
        for (int r = 0; r < config.rotations().size(); r++) {
            int half = config.rotations().get(r).size() / 2;
            sd.placeHolder(DecoderInputs.cosines(r), type, -1, 1, -1, half);
            sd.placeHolder(DecoderInputs.sines(r), type, -1, 1, -1, half);
        }
    }

    /** Rows as one row for each sequence, {@code [batch, length, width]}. */
    SDVariable perSequence(String name, SDVariable rows, int width) {
        return sd.reshape(name, rows, shape(name + "/shape", size, width));
    }

    @Override
    public SDVariable rows(DecoderPart table, String module) {
        SDVariable indices =
                table == DecoderPart.WORDS ? ids : sd.placeHolder(DecoderInputs.POSITION_IDS, DataType.INT32, -1, -1);
        SDVariable rows = sd.gather(module + "/rows", parameter(module + ".weight"), indices, 0);
        return sd.reshape(module + "/output", rows, -1, config.hidden());
    }

    @Override
    public SDVariable linear(DecoderPart part, String module, SDVariable x) {
        boolean outputsFirst = !config.family().inputsFirst() || part == DecoderPart.HEAD;
        SDVariable product = sd.mmul(module + "/product", x, parameter(module + ".weight"), false, outputsFirst, false);
        return config.biased().contains(part) ? product.add(module + "/output", parameter(module + ".bias")) : product;
    }

    @Override
    public SDVariable norm(String module, SDVariable x, int groups) {
        SDVariable gains = parameter(module + ".weight");
        int width = Math.toIntExact(weights.array(module + ".weight").length());
        SDVariable rows = groups == 1 ? x : sd.reshape(module + "/groups", x, -1, width);
        SDVariable normalized = switch (config.family().norm()) {
            case RMS -> unit(module, rows).mul(module + "/scaled", gains);
            case RMS_AROUND_ONE -> unit(module, rows).mul(module + "/scaled", gains.add(module + "/gains", 1.0));
            case LAYER -> {
                SDVariable centered = rows.sub(module + "/centered", rows.mean(module + "/mean", true, 1));
                yield unit(module, centered)
                        .mul(module + "/scaled", gains)
                        .add(module + "/shifted", parameter(module + ".bias"));
            }
        };
        return groups == 1 ? normalized : sd.reshape(module + "/joined", normalized, -1, groups * width);
    }

    /** Rows over the root of the mean of their squares. */
    private SDVariable unit(String module, SDVariable rows) {
        SDVariable squares = sd.math().square(module + "/squares", rows);
        SDVariable shifted =
                squares.mean(module + "/mean_square", true, 1).add(module + "/above_zero", config.epsilon());
        return rows.div(module + "/normalized", sd.math().sqrt(module + "/size", shifted));
    }

    @Override
    public SDVariable attention(int layer, String module, SDVariable query, SDVariable key, SDVariable value) {
        DecoderLayer about = config.layers().get(layer);
        int keyHeads = config.keyHeads();
        SDVariable queries = turned(about, module + "/query", heads(module + "/query", query, config.heads()));
        SDVariable keys = turned(about, module + "/key", heads(module + "/key", key, keyHeads));
        SDVariable values = heads(module + "/value", value, keyHeads);
        // The queries that share a head of keys stand below each other, so that no key is copied for them.
        SDVariable scaled = queries.mul(module + "/query_scaled", about.scoreScale());
        SDVariable scores = ungrouped(
                module + "/scores",
                sd.mmul(module + "/products", grouped(module + "/query", scaled, headSize), keys, false, true, false),
                length);
        if (about.scoreCap().isPresent()) {
            scores = capped(module + "/scores_capped", scores, about.scoreCap().getAsDouble());
        }
        SDVariable seen = scores.add(module + "/scores_seen", sd.getVariable(DecoderInputs.scores(about.window())));
        SDVariable shares = sd.nn().softmax(module + "/shares", seen, -1);
        SDVariable context = sd.mmul(module + "/context", grouped(module + "/shares", shares, length), values);
        SDVariable perHead = ungrouped(module + "/context", context, headSize);
        return sd.reshape(
                module + "/output", sd.permute(module + "/tokens_first", perHead, 0, 2, 1, 3), -1, config.queryWidth());
    }

    /** {@code [batch * length, heads * headSize]} to {@code [batch, heads, length, headSize]}. */
    private SDVariable heads(String name, SDVariable x, int heads) {
        SDVariable split = sd.reshape(name + "/split", x, shape(name + "/shape", size, heads, config.headSize()));
        return sd.permute(name + "/heads", split, 0, 2, 1, 3);
    }

    /** {@code [batch, heads, length, n]} to {@code [batch, keyHeads, heads / keyHeads * length, n]}. */
    private SDVariable grouped(String name, SDVariable x, SDVariable last) {
        int share = config.heads() / config.keyHeads();
        if (share == 1) {
            return x;
        }
        SDVariable together = sd.hasVariable("lengths_of_group")
                ? sd.getVariable("lengths_of_group")
                : length.mul("lengths_of_group", share);
        SDVariable shape = sd.concat(
                name + "/grouped_shape", 0, batch, constant(name + "/key_heads", config.keyHeads()), together, last);
        return sd.reshape(name + "/grouped", x, shape);
    }

    private SDVariable ungrouped(String name, SDVariable x, SDVariable last) {
        if (config.heads() == config.keyHeads()) {
            return x;
        }
        SDVariable shape =
                sd.concat(name + "/per_head_shape", 0, batch, constant(name + "/heads", config.heads()), length, last);
        return sd.reshape(name + "/per_head", x, shape);
    }

    private SDVariable turned(DecoderLayer about, String name, SDVariable x) {
        if (about.rotation().isEmpty()) {
            return x;
        }
        int index = config.rotations().indexOf(about.rotation().get());
        int whole = about.rotation().get().size();
        SDVariable cosines = sd.getVariable(DecoderInputs.cosines(index));
        SDVariable sines = sd.getVariable(DecoderInputs.sines(index));
        int rest = config.headSize() - whole;
        List<SDVariable> split = rest == 0
                ? columns(name + "/half", x, 3, whole / 2, whole / 2)
                : columns(name + "/part", x, 3, whole / 2, whole / 2, rest);
        SDVariable first = split.get(0);
        SDVariable second = split.get(1);
        List<SDVariable> parts = new ArrayList<>();
        parts.add(first.mul(name + "/first_cosines", cosines)
                .sub(name + "/first_turned", second.mul(name + "/second_sines", sines)));
        parts.add(second.mul(name + "/second_cosines", cosines)
                .add(name + "/second_turned", first.mul(name + "/first_sines", sines)));
        parts.addAll(split.subList(2, split.size()));
        return sd.concat(name + "/turned", 3, parts.toArray(SDVariable[]::new));
    }

    /**
     * Parts of the last axis. They are put together from equal pieces: ND4J's split into unequal ones has no gradient, and
     * that of a slice logs warnings.
     */
    private List<SDVariable> columns(String name, SDVariable x, int axis, int... widths) {
        int piece = 0;
        int whole = 0;
        for (int width : widths) {
            piece = BigInteger.valueOf(piece).gcd(BigInteger.valueOf(width)).intValue();
            whole += width;
        }
        String[] names = new String[whole / piece];
        Arrays.setAll(names, i -> name + "/piece" + i);
        SDVariable[] pieces = sd.split(names, x, names.length, axis);
        List<SDVariable> parts = new ArrayList<>();
        int from = 0;
        for (int i = 0; i < widths.length; i++) {
            int to = from + widths[i] / piece;
            parts.add(to - from == 1 ? pieces[from] : sd.concat(name + i, axis, Arrays.copyOfRange(pieces, from, to)));
            from = to;
        }
        return parts;
    }

    @Override
    public SDVariable activation(String name, Activation function, SDVariable x) {
        return switch (function) {
            case GELU -> {
                // ND4J's gelu is the sigmoid approximation and its precise_gelu is wrong: 0.8314 at 1, exact is 0.8413.
                SDVariable erf = sd.math().erf(name + "/erf", x.mul(name + "/over_root_two", Math.sqrt(0.5)));
                yield x.mul(name + "/product", erf.add(name + "/shifted", 1.0)).mul(name + "/output", 0.5);
            }
            case GELU_TANH -> {
                SDVariable factor = x.mul(name + "/square", x)
                        .mul(name + "/cubic", 0.044715)
                        .add(name + "/factor", 1.0);
                SDVariable tanh = sd.math()
                        .tanh(
                                name + "/tanh",
                                x.mul(name + "/inner", factor).mul(name + "/scaled", Math.sqrt(2 / Math.PI)));
                yield x.mul(name + "/product", tanh.add(name + "/shifted", 1.0)).mul(name + "/output", 0.5);
            }
            case SILU -> x.mul(name + "/output", sd.nn().sigmoid(name + "/sigmoid", x));
            case RELU -> sd.nn().relu(name + "/output", x, 0.0);
        };
    }

    @Override
    public SDVariable sum(String name, SDVariable x, SDVariable y, double factor) {
        return x.add(name, factor == 1 ? y : y.mul(name + "/scaled", factor));
    }

    @Override
    public SDVariable product(String name, SDVariable x, SDVariable y) {
        return x.mul(name, y);
    }

    @Override
    public SDVariable scaled(String name, SDVariable x, double factor) {
        return x.mul(name, factor);
    }

    @Override
    public SDVariable capped(String name, SDVariable x, double cap) {
        return sd.math().tanh(name + "/tanh", x.mul(name + "/shrunk", 1 / cap)).mul(name, cap);
    }

    @Override
    public List<SDVariable> split(String name, SDVariable x, int groups, int... widths) {
        int whole = 0;
        for (int width : widths) {
            whole += width;
        }
        SDVariable grouped = groups == 1 ? x : sd.reshape(name + "/groups", x, -1, groups, whole);
        List<SDVariable> parts = columns(name + "/column", grouped, groups == 1 ? 1 : 2, widths);
        if (groups == 1) {
            return parts;
        }
        List<SDVariable> joined = new ArrayList<>();
        for (int i = 0; i < widths.length; i++) {
            joined.add(sd.reshape(name + "/part" + i, parts.get(i), -1, groups * widths[i]));
        }
        return joined;
    }

    private SDVariable shape(String name, SDVariable start, long... tail) {
        return sd.concat(name, 0, start, sd.constant(name + "_tail", Nd4j.createFromArray(tail)));
    }

    private SDVariable constant(String name, long value) {
        return sd.constant(name, Nd4j.createFromArray(new long[] {value}));
    }

    private SDVariable parameter(String name) {
        Optional<StoredWeight> stored = weights.stored(name);
        if (type == DataType.FLOAT && stored.isPresent()) {
            return StoredWeights.add(sd, name, stored.get());
        }
        INDArray array = stored.map(StoredWeight::dequantized).orElseGet(() -> weights.array(name));
        return sd.constant(name, array.dataType() == type ? array : array.castTo(type));
    }
}

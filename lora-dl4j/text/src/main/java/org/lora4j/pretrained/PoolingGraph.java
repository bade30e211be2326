/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Predicate;
import org.lora4j.internal.encoder.EncoderPart;
import org.lora4j.internal.encoder.EncoderShape;
import org.lora4j.internal.graph.SpareResults;
import org.nd4j.autodiff.samediff.SDIndex;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/**
 * Appends a {@link Pooling} to a graph, op by op. Variables are named under {@code pooling/}, those of modules after the module.
 */
final class PoolingGraph {

    /** Far below the square of any mean that is not zero, and above the smallest FLOAT. */
    private static final double TINY = 1e-24;

    /** As in sentence-transformers: what is less than any hidden state, with the other sign. */
    private static final double MASKED = 1e9;

    /** Only an empty mask has a smaller sum: its mean becomes 0 instead of NaN. */
    private static final double SMALLEST_SUM = 1e-9;

    private static final int FEATURES = 1;

    /** Appends a step to rows; {@code result} is the name of what comes out. */
    private interface Appender {
        SDVariable append(PoolingGraph graph, Pooling.Step step, SDVariable rows, String result);
    }

    private static final Map<Class<? extends Pooling.Step>, Appender> STEPS = Map.of(
            Pooling.Linear.class, (graph, step, rows, name) -> graph.linear((Pooling.Linear) step, rows, name),
            Pooling.Activation.class,
                    (graph, step, rows, name) -> graph.activation((Pooling.Activation) step, rows, name),
            Pooling.LayerNorm.class, (graph, step, rows, name) -> graph.layerNorm((Pooling.LayerNorm) step, rows, name),
            Pooling.Normalization.class, (graph, step, rows, name) -> graph.normalized(rows, name),
            Pooling.First.class, (graph, step, rows, name) -> graph.first((Pooling.First) step, rows, name));

    private static final Map<Pooling.Mode, String> NAMES = Map.of(
            Pooling.Mode.CLS, "first_token",
            Pooling.Mode.MAX, "max_of_tokens",
            Pooling.Mode.MEAN, "mean_of_tokens",
            Pooling.Mode.MEAN_SQRT_LENGTH, "mean_by_root_of_length",
            Pooling.Mode.WEIGHTED_MEAN, "weighted_mean",
            Pooling.Mode.LAST_TOKEN, "last_token",
            Pooling.Mode.POOLER, "pooler");

    private final SameDiff sd;
    private final DataType type;
    private final Predicate<String> learns;
    private int steps;
    private int normalizations;

    /** Modules of a classifier's head learn, all others are as fixed as the encoder's. */
    PoolingGraph(SameDiff sd, DataType type) {
        this(sd, type, module -> (module + ".").startsWith(EncoderClassifier.HEAD + "."));
    }

    /** Modules of which this says so learn. */
    PoolingGraph(SameDiff sd, DataType type, Predicate<String> learns) {
        this.sd = sd;
        this.type = type;
        this.learns = learns;
    }

    /**
     * What a pooling is computed of.
     *
     * @param hidden the hidden states, {@code [batch, length, features]}
     * @param shape a variable {@code [batch, length]}
     * @param features the width of the hidden states
     * @param pooler appends the encoder's pooler to the states of first tokens, under the name {@link EncoderGraph#POOLED} or another
     */
    record Source(SDVariable hidden, SDVariable shape, int features, Pooler pooler) {}

    /** The pooler of an encoder. */
    interface Pooler {
        SDVariable append(SDVariable first, String result);
    }

    /**
     * The hidden states of an encoder's graph, {@code [batch, length, hidden]}.
     *
     * @param prefix what goes before the path of the pooler, empty or with a dot at its end
     */
    static Source source(SDVariable hidden, EncoderWeights weights, String prefix) {
        SameDiff sd = hidden.getSameDiff();
        return new Source(
                hidden,
                sd.getVariable("input_ids/shape"),
                weights.config().hidden(),
                (first, result) -> pooler(first, weights, prefix, result));
    }

    private static SDVariable pooler(SDVariable first, EncoderWeights weights, String prefix, String result) {
        EncoderShape shape = weights.shape();
        String path = shape.has(EncoderPart.POOLER) ? shape.module(EncoderPart.POOLER) : "pooler";
        if (!weights.hasPooler()) {
            throw new IllegalArgumentException(
                    "Pooling.POOLER: the weights have no tensor \"" + path
                            + ".weight\"; expected the weights of an encoder with a pooler. Choose Pooling.MEAN or Pooling.CLS.");
        }
        Pooling.Step dense =
                new Pooling.Linear(prefix + path, weights.tensor(path + ".weight"), weights.tensor(path + ".bias"));
        return new PoolingGraph(first.getSameDiff(), weights.dataType(), module -> false)
                .steps(first, List.of(dense, new Pooling.Activation(Pooling.Function.TANH)), result);
    }

    /** Appends a pooling to the graph of an encoder. */
    static SDVariable append(SameDiff sd, EncoderWeights weights, Pooling pooling) {
        SDVariable hidden = sd.getVariable(EncoderGraph.LAST_HIDDEN_STATE);
        Source source = source(hidden, weights, "");
        PoolingGraph graph = new PoolingGraph(sd, weights.dataType());
        SDVariable pooled = graph.pooled(source, pooling);
        graph.spare(source, weights, pooling);
        return pooled;
    }

    /** Appends the pooler of an encoder whose pooling does without it, for adapters that have factors for it: nothing computes it. */
    void spare(Source source, EncoderWeights weights, Pooling pooling) {
        if (weights.hasPooler() && !pooling.modes().contains(Pooling.Mode.POOLER)) {
            SDVariable first = firstToken(source, SpareResults.name("first_token"));
            source.pooler().append(first, SpareResults.name("pooler_output"));
        }
    }

    /** Appends a pooling; the result is {@link EncoderGraph#POOLED}. */
    SDVariable pooled(Source source, Pooling pooling) {
        pooling.dimension(source.features());
        List<Pooling.Step> behind = computed(pooling.steps());
        List<SDVariable> vectors = new ArrayList<>();
        boolean joined = pooling.modes().size() > 1;
        for (Pooling.Mode mode : pooling.modes()) {
            boolean last = !joined && behind.isEmpty();
            vectors.add(mode(source, pooling, mode, last ? EncoderGraph.POOLED : "pooling/" + NAMES.get(mode)));
        }
        SDVariable vector = joined
                ? sd.concat(
                        behind.isEmpty() ? EncoderGraph.POOLED : "pooling/joined",
                        FEATURES,
                        vectors.toArray(SDVariable[]::new))
                : vectors.get(0);
        return steps(vector, behind, EncoderGraph.POOLED);
    }

    /** Appends steps to rows {@code [rows, features]}; the rows themselves if nothing is computed of them. */
    SDVariable steps(SDVariable rows, List<Pooling.Step> all, String result) {
        List<Pooling.Step> behind = computed(all);
        SDVariable now = rows;
        for (int i = 0; i < behind.size(); i++) {
            boolean last = i == behind.size() - 1;
            Pooling.Step step = behind.get(i);
            now = STEPS.get(step.getClass()).append(this, step, now, last ? result : name(step));
        }
        return now;
    }

    /** The result of a module is named after it. */
    private String name(Pooling.Step step) {
        if (step instanceof Pooling.Linear linear) {
            return linear.module() + "/output";
        }
        return step instanceof Pooling.LayerNorm norm ? norm.module() + "/output" : "pooling/step_" + steps++;
    }

    private static List<Pooling.Step> computed(List<Pooling.Step> all) {
        Pooling.Step identity = new Pooling.Activation(Pooling.Function.IDENTITY);
        return all.stream().filter(step -> !step.equals(identity)).toList();
    }

    private SDVariable mode(Source source, Pooling pooling, Pooling.Mode mode, String name) {
        return switch (mode) {
            case CLS -> firstToken(source, name);
            case POOLER -> source.pooler().append(firstToken(source, "pooling/first_token_of_pooler"), name);
            case MAX -> max(source, mask(pooling), name);
            case MEAN, MEAN_SQRT_LENGTH, WEIGHTED_MEAN, LAST_TOKEN -> {
                String at = mode == Pooling.Mode.MEAN ? "pooling/" : "pooling/" + NAMES.get(mode) + "/";
                yield sum(source, share(pooling, mode, mask(pooling), at), name, at);
            }
        };
    }

    private SDVariable mask(Pooling pooling) {
        if (pooling.includesPrompt()) {
            return sd.getVariable(EncoderGraph.ATTENTION_MASK);
        }
        return sd.hasVariable(EncoderGraph.POOLING_MASK)
                ? sd.getVariable(EncoderGraph.POOLING_MASK)
                : sd.placeHolder(EncoderGraph.POOLING_MASK, type, -1, -1);
    }

    private SDVariable firstToken(Source source, String name) {
        return renamed(source.hidden().get(SDIndex.all(), SDIndex.point(0), SDIndex.all()), name);
    }

    private SDVariable max(Source source, SDVariable mask, String name) {
        String at = "pooling/" + NAMES.get(Pooling.Mode.MAX) + "/";
        SDVariable below = mask.sub(at + "mask_shifted", 1.0).mul(at + "mask_scaled", MASKED);
        SDVariable kept = source.hidden().add(at + "kept", column(source, below, at));
        return sd.max(name, kept, false, 1);
    }

    /** How much each token counts. */
    private SDVariable share(Pooling pooling, Pooling.Mode mode, SDVariable mask, String at) {
        return switch (mode) {
            case MEAN -> mask.div(at + "share", total(mask, at));
            case MEAN_SQRT_LENGTH -> mask.div(at + "share", sd.math().sqrt(at + "root", total(mask, at)));
            case WEIGHTED_MEAN -> {
                SDVariable ones = mask.mul(at + "nothing", 0.0).add(at + "ones", 1.0);
                SDVariable weighted = mask.mul(at + "weighted", sd.cumsum(at + "places", ones, false, false, FEATURES));
                yield weighted.div(at + "share", total(weighted, at));
            }
            default ->
                pooling.passedOver().isEmpty()
                        ? last(mask, at, "share")
                        : lastButId(mask, pooling.passedOver().getAsInt(), at);
        };
    }

    /** Behind a kept token there are "all of them less those up to it"; behind the last one, none. */
    private SDVariable last(SDVariable mask, String at, String name) {
        SDVariable up = sd.cumsum(at + "up_to_it", mask, false, false, FEATURES);
        SDVariable behind = sd.sum(at + "all", mask, true, FEATURES).sub(at + "behind", up);
        SDVariable isLast = sd.nn().relu(at + "is_last", behind.rsub(at + "behind_turned", 1.0), 0.0);
        return mask.mul(at + name, isLast);
    }

    /** The last kept token with another id; the first one if all have this id. */
    private SDVariable lastButId(SDVariable mask, int id, String at) {
        SDVariable others = sd.getVariable(EncoderGraph.INPUT_IDS)
                .neq(at + "has_other_id", id)
                .castTo(at + "other_id", type);
        SDVariable kept = mask.mul(at + "kept_of_other_id", others);
        SDVariable none = sd.nn()
                .relu(
                        at + "none",
                        sd.sum(at + "number_of_other_id", kept, true, FEATURES).rsub(at + "less_than_one", 1.0),
                        0.0);
        SDVariable place = sd.cumsum(at + "place", mask, false, false, FEATURES);
        SDVariable first =
                mask.mul(at + "first", sd.nn().relu(at + "is_first", place.rsub(at + "place_turned", 2.0), 0.0));
        return last(kept, at, "share_of_other_id").add(at + "share", first.mul(at + "share_of_first", none));
    }

    private SDVariable total(SDVariable weights, String at) {
        SDVariable sum = sd.sum(at + "kept", weights, true, FEATURES);
        return sd.math().max(at + "divisor", sum, sd.constant(at + "smallest_sum", Nd4j.scalar(type, SMALLEST_SUM)));
    }

    /** A product with the shares of the tokens spares the masked copy of all hidden states and a slow reduction. */
    private SDVariable sum(Source source, SDVariable share, String name, String at) {
        SDVariable row =
                sd.mmul(at + "mean", sd.permute(at + "share_row", column(source, share, at), 0, 2, 1), source.hidden());
        return sd.reshape(name, row, -1, source.features());
    }

    /** {@code [batch, length, 1]}; not by expandDims, which leaves an array of a single element at its rank. */
    private SDVariable column(Source source, SDVariable rows, String at) {
        SDVariable shape = sd.concat(
                at + "column_shape",
                0,
                source.shape(),
                sd.constant(at + "column_shape_tail", Nd4j.createFromArray(1L)));
        return sd.reshape(at + "share_column", rows, shape);
    }

    private SDVariable linear(Pooling.Linear linear, SDVariable rows, String name) {
        SDVariable weight = parameter(linear.module(), ".weight", linear.weight());
        if (linear.bias() == null) {
            return rows.mmul(name, weight);
        }
        return rows.mmul(linear.module() + "/product", weight)
                .add(name, parameter(linear.module(), ".bias", linear.bias()));
    }

    private SDVariable activation(Pooling.Activation activation, SDVariable rows, String name) {
        return activation.function().computed().apply(rows, name);
    }

    private SDVariable layerNorm(Pooling.LayerNorm norm, SDVariable rows, String name) {
        String module = norm.module();
        SDVariable centered = rows.sub(module + "/centered", rows.mean(module + "/mean", true, FEATURES));
        SDVariable variance = sd.math().square(module + "/square", centered).mean(module + "/variance", true, FEATURES);
        SDVariable deviation =
                sd.math().sqrt(module + "/deviation", variance.add(module + "/variance_shifted", norm.epsilon()));
        SDVariable normalized = centered.div(module + "/normalized", deviation);
        SDVariable gain = parameter(module, ".weight", norm.gain());
        if (norm.bias() == null) {
            return normalized.mul(name, gain);
        }
        return normalized.mul(module + "/scaled", gain).add(name, parameter(module, ".bias", norm.bias()));
    }

    private SDVariable normalized(SDVariable rows, String name) {
        String at = normalizations++ == 0 ? "pooling/" : "pooling/normalization_" + normalizations + "/";
        SDVariable squares = sd.sum(at + "sum_of_squares", rows.mul(at + "squares", rows), true, FEATURES);
        // A vector of zeros stays zero, and its gradient finite; no other length is changed.
        SDVariable length = sd.math().sqrt(at + "length", squares.add(at + "squares_above_zero", TINY));
        return rows.div(name, length);
    }

    private SDVariable first(Pooling.First first, SDVariable rows, String name) {
        return renamed(rows.get(SDIndex.all(), SDIndex.interval(0, first.dimensions())), name);
    }

    private SDVariable parameter(String module, String name, INDArray array) {
        INDArray value = array.dataType() == type ? array : array.castTo(type);
        return learns.test(module) ? sd.var(module + name, value.dup('c')) : sd.constant(module + name, value);
    }

    private SDVariable renamed(SDVariable variable, String name) {
        return sd.updateVariableNameAndReference(variable, name);
    }
}

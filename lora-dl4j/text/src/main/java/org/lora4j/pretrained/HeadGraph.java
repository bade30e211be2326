/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.internal.encoder.EncoderPart;
import org.lora4j.internal.encoder.EncoderShape;
import org.lora4j.internal.encoder.EncoderTensor;
import org.lora4j.internal.encoder.HeadForm;
import org.lora4j.random.RandomStreams;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What makes scores of hidden states, as a Python class does it: the steps of a {@link HeadForm} over its tensors. */
final class HeadGraph {

    private final EncoderShape shape;
    private final HeadForm form;
    private final Map<String, INDArray> tensors;
    private final boolean learns;

    private HeadGraph(EncoderShape shape, HeadForm form, Map<String, INDArray> tensors, boolean learns) {
        this.shape = shape;
        this.form = form;
        this.tensors = tensors;
        this.learns = learns;
    }

    /** A head of variables, started as PyTorch's {@code Linear} starts. */
    static HeadGraph fresh(EncoderShape shape, HeadForm form, int outputs, DataType type, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        // All layers have the same inputs.
        double bound = 1 / Math.sqrt(shape.sizes().hidden());
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        for (EncoderTensor tensor : shape.headTensors(form, outputs)) {
            arrays.put(
                    tensor.name(),
                    tensor.kind() == EncoderTensor.Kind.GAIN
                            ? Nd4j.ones(type, tensor.shape())
                            : RandomStreams.uniform(random, bound, type, tensor.shape()));
        }
        return new HeadGraph(shape, form, arrays, true);
    }

    /** One linear module of variables over vectors of any length, started in the same way. */
    static HeadGraph linear(EncoderShape shape, HeadForm form, int inputs, int outputs, DataType type, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double bound = 1 / Math.sqrt(inputs);
        String module = form.steps().get(0).name();
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        arrays.put(module + ".weight", RandomStreams.uniform(random, bound, type, inputs, outputs));
        if (shape.isBiased(form.steps().get(0))) {
            arrays.put(module + ".bias", RandomStreams.uniform(random, bound, type, outputs));
        }
        return new HeadGraph(shape, form, arrays, true);
    }

    /** A head of constants, from a file. */
    static HeadGraph of(EncoderShape shape, HeadForm form, Map<String, INDArray> tensors) {
        return new HeadGraph(shape, form, tensors, false);
    }

    /** The same steps over other tensors. */
    HeadGraph with(Map<String, INDArray> others) {
        return new HeadGraph(shape, form, others, learns);
    }

    /** How hidden states become what the head takes; of heads of tokens what another output may be. */
    Pooling pooling() {
        return switch (shape.input(form)) {
            case POOLER -> Pooling.POOLER;
            case MEAN, TOKENS -> Pooling.MEAN;
            case LAST -> lastToken(shape);
            case FIRST, CONFIGURED -> Pooling.CLS;
        };
    }

    /** The last token but for padding, as decoders take it. */
    static Pooling lastToken(EncoderShape shape) {
        Pooling last = Pooling.of(Pooling.Mode.LAST_TOKEN);
        return shape.passedOver().isPresent()
                ? last.passingOver(shape.passedOver().getAsInt())
                : last;
    }

    /** What stands before the last module, as steps of a pooling. */
    List<Pooling.Step> before() {
        List<Pooling.Step> before = new ArrayList<>();
        for (HeadForm.Step step : form.steps().subList(0, form.steps().size() - 1)) {
            before.add(
                    switch (step.kind()) {
                        case ACTIVATION ->
                            new Pooling.Activation(Pooling.Function.valueOf(
                                    shape.function(step).name()));
                        case NORM ->
                            new Pooling.LayerNorm(
                                    step.name(),
                                    tensors.get(step.name() + ".weight"),
                                    tensors.get(step.name() + ".bias"),
                                    shape.epsilon());
                        default -> linear(step);
                    });
        }
        return before;
    }

    /** The module of the outputs. */
    Pooling.Linear last() {
        return linear(form.steps().get(form.steps().size() - 1));
    }

    private Pooling.Linear linear(HeadForm.Step step) {
        return new Pooling.Linear(
                step.name(), tensors.get(step.name() + ".weight"), tensors.get(step.name() + ".bias"));
    }

    boolean isPerToken() {
        return form.input() == HeadForm.Input.TOKENS;
    }

    int outputs() {
        HeadForm.Step last = form.steps().get(form.steps().size() - 1);
        return last.kind() == HeadForm.Kind.WORDS
                ? shape.sizes().vocabulary()
                : Math.toIntExact(tensors.get(last.name() + ".weight").size(1));
    }

    /**
     * Appends pooling and head to an encoder.
     *
     * @param result name of the scores: {@code [batch, outputs]}, of a head of tokens {@code [batch, length, outputs]}
     */
    SDVariable append(SameDiff sd, EncoderWeights weights, String prefix, String result) {
        SDVariable hidden = sd.getVariable(EncoderGraph.LAST_HIDDEN_STATE);
        String words = prefix + shape.module(EncoderPart.WORDS);
        if (!isPerToken()) {
            return scores(sd, new GraphPooling(sd, weights, prefix).pooled(hidden, pooling()), words, result);
        }
        SDVariable rows = sd.reshape("head/input", hidden, -1, shape.sizes().hidden());
        SDVariable scores = scores(sd, rows, words, "head/scores");
        SDVariable size = sd.concat(
                "head/shape",
                0,
                sd.getVariable("input_ids/shape"),
                sd.constant("head/shape_tail", Nd4j.createFromArray((long) outputs())));
        return sd.reshape(result, scores, size);
    }

    /**
     * Appends the head.
     *
     * @param x {@code [rows, hidden]}
     * @param words the path of the table of words
     * @param result name of the scores, {@code [rows, outputs]}
     */
    SDVariable scores(SameDiff sd, SDVariable x, String words, String result) {
        SDVariable y = x;
        List<HeadForm.Step> steps = form.steps();
        for (HeadForm.Step step : steps) {
            boolean last = step == steps.get(steps.size() - 1);
            String name = step.name();
            y = switch (step.kind()) {
                case LINEAR, TO_EMBEDDING, OUTPUT, SCORE -> linear(sd, y, step, last ? result : name + "/output");
                case ACTIVATION -> shape.function(step).apply(y, EncoderClassifier.HEAD + "/activation");
                case NORM -> norm(sd, y, name);
                case WORDS -> words(sd, y, step, words, result);
            };
        }
        return y;
    }

    private SDVariable words(SameDiff sd, SDVariable x, HeadForm.Step step, String module, String result) {
        SDVariable table = sd.getVariable(module + ".weight");
        return shape.isBiased(step)
                ? sd.mmul(step.name() + "/product", x, table, false, true, false)
                        .add(result, parameter(sd, step.name()))
                : sd.mmul(result, x, table, false, true, false);
    }

    private SDVariable linear(SameDiff sd, SDVariable x, HeadForm.Step step, String result) {
        SDVariable weight = parameter(sd, step.name() + ".weight");
        return shape.isBiased(step)
                ? x.mmul(step.name() + "/product", weight).add(result, parameter(sd, step.name() + ".bias"))
                : x.mmul(result, weight);
    }

    private SDVariable norm(SameDiff sd, SDVariable x, String module) {
        SDVariable centered = x.sub(module + "/centered", x.mean(module + "/mean", true, 1));
        SDVariable variance = sd.math().square(module + "/square", centered).mean(module + "/variance", true, 1);
        SDVariable deviation =
                sd.math().sqrt(module + "/deviation", variance.add(module + "/variance_shifted", shape.epsilon()));
        SDVariable normalized = centered.div(module + "/normalized", deviation);
        SDVariable gain = parameter(sd, module + ".weight");
        return shape.hasBiasedNorms()
                ? normalized.mul(module + "/scaled", gain).add(module + "/output", parameter(sd, module + ".bias"))
                : normalized.mul(module + "/output", gain);
    }

    private SDVariable parameter(SameDiff sd, String name) {
        return learns ? sd.var(name, tensors.get(name)) : sd.constant(name, tensors.get(name));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.pretrained;

import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
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

/** The head of a Python class over an encoder: the steps of its {@link HeadForm} over its tensors, for {@link PoolingGraph}. */
final class HeadGraph {

    private final HeadForm.Task task;
    private final EncoderShape shape;
    private final HeadForm form;
    private final Map<String, INDArray> tensors;
    private final boolean learns;

    private HeadGraph(HeadForm.Task task, EncoderShape shape, Map<String, INDArray> tensors, boolean learns) {
        this.task = task;
        this.shape = shape;
        this.form = shape.family().head(task).orElseThrow();
        this.tensors = tensors;
        this.learns = learns;
    }

    /** A head of variables, started as PyTorch's {@code Linear} starts. */
    static HeadGraph fresh(HeadForm.Task task, EncoderShape shape, int outputs, DataType type, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        // All layers have the same inputs.
        double bound = 1 / Math.sqrt(shape.sizes().hidden());
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        for (EncoderTensor tensor : shape.headTensors(shape.family().head(task).orElseThrow(), outputs)) {
            arrays.put(
                    tensor.name(),
                    tensor.kind() == EncoderTensor.Kind.GAIN
                            ? Nd4j.ones(type, tensor.shape())
                            : RandomStreams.uniform(random, bound, type, tensor.shape()));
        }
        return new HeadGraph(task, shape, arrays, true);
    }

    /** One linear module over vectors of any length, started in the same way. */
    static Pooling.Linear linear(String module, int inputs, int outputs, DataType type, long seed) {
        SplittableRandom random = new SplittableRandom(seed);
        double bound = 1 / Math.sqrt(inputs);
        return new Pooling.Linear(
                module,
                RandomStreams.uniform(random, bound, type, inputs, outputs),
                RandomStreams.uniform(random, bound, type, outputs));
    }

    /** A head of constants, from a file; tensors by the names of the Python class, weights of linear modules {@code [in, out]}. */
    static HeadGraph of(HeadForm.Task task, EncoderShape shape, Map<String, INDArray> tensors) {
        return new HeadGraph(task, shape, tensors, false);
    }

    /** The same in arrays of its own and of another type. */
    HeadGraph converted(DataType type) {
        Map<String, INDArray> copies = new LinkedHashMap<>();
        tensors.forEach((name, array) -> copies.put(name, array.dataType() == type ? array.dup() : array.castTo(type)));
        return new HeadGraph(task, shape, copies, learns);
    }

    HeadForm.Task task() {
        return task;
    }

    boolean isPerToken() {
        return form.input() == HeadForm.Input.TOKENS;
    }

    /** How hidden states become the input of the last module; of heads of tokens the steps alone, done with each token. */
    Pooling pooling() {
        List<Pooling.Step> before = new ArrayList<>();
        for (HeadForm.Step step : form.steps().subList(0, form.steps().size() - 1)) {
            before.add(
                    switch (step.kind()) {
                        case ACTIVATION -> new Pooling.Activation(Pooling.Function.of(shape.function(step)));
                        case NORM ->
                            new Pooling.LayerNorm(
                                    step.name(), weight(step), tensors.get(step.name() + ".bias"), shape.epsilon());
                        default -> linear(step);
                    });
        }
        return taken(shape, form).then(before);
    }

    /** What a head takes of hidden states. */
    static Pooling taken(EncoderShape shape, HeadForm form) {
        return switch (shape.input(form)) {
            case POOLER -> Pooling.POOLER;
            case MEAN, TOKENS -> Pooling.MEAN;
            case LAST -> lastToken(shape);
            case FIRST, CONFIGURED -> Pooling.CLS;
        };
    }

    /** The last token but for padding, as decoders take it. */
    private static Pooling lastToken(EncoderShape shape) {
        Pooling last = Pooling.of(Pooling.Mode.LAST_TOKEN);
        return shape.passedOver().isPresent()
                ? last.passingOver(shape.passedOver().getAsInt())
                : last;
    }

    /** The module of the outputs; empty if the table of words is. */
    Optional<Pooling.Linear> last() {
        return lastStep().kind() == HeadForm.Kind.WORDS ? Optional.empty() : Optional.of(linear(lastStep()));
    }

    int outputs() {
        return last().map(Pooling.Linear::outputs).orElse(shape.sizes().vocabulary());
    }

    private HeadForm.Step lastStep() {
        return form.steps().get(form.steps().size() - 1);
    }

    private INDArray weight(HeadForm.Step step) {
        return tensors.get(step.name() + ".weight");
    }

    private Pooling.Linear linear(HeadForm.Step step) {
        return new Pooling.Linear(step.name(), weight(step), tensors.get(step.name() + ".bias"));
    }

    /**
     * Appends pooling and head to an encoder.
     *
     * @param result name of the scores: {@code [batch, outputs]}, of a head of tokens {@code [batch, length, outputs]}
     */
    SDVariable append(SameDiff sd, EncoderWeights weights, String prefix, String result) {
        PoolingGraph graph = new PoolingGraph(sd, weights.dataType(), module -> learns);
        SDVariable hidden = sd.getVariable(EncoderGraph.LAST_HIDDEN_STATE);
        Pooling pooling = pooling();
        PoolingGraph.Source source = PoolingGraph.source(hidden, weights, prefix);
        graph.spare(source, weights, pooling);
        if (!isPerToken()) {
            SDVariable pooled = graph.pooled(source, pooling.withSteps(List.of()));
            return scores(graph, pooling, pooled, prefix, result);
        }
        SDVariable rows = sd.reshape("head/input", hidden, -1, shape.sizes().hidden());
        SDVariable scores = scores(graph, pooling, rows, prefix, "head/scores");
        SDVariable size = sd.concat(
                "head/shape",
                0,
                sd.getVariable("input_ids/shape"),
                sd.constant("head/shape_tail", Nd4j.createFromArray((long) outputs())));
        return sd.reshape(result, scores, size);
    }

    /** Of rows {@code [rows, hidden]}, {@code [rows, outputs]}. */
    private SDVariable scores(PoolingGraph graph, Pooling pooling, SDVariable x, String prefix, String result) {
        if (last().isEmpty()) {
            return words(graph.steps(x, pooling.steps(), "head/of_words"), prefix, result);
        }
        List<Pooling.Step> all = new ArrayList<>(pooling.steps());
        all.add(last().get());
        return graph.steps(x, all, result);
    }

    private SDVariable words(SDVariable x, String prefix, String result) {
        SameDiff sd = x.getSameDiff();
        SDVariable table = sd.getVariable(prefix + shape.module(EncoderPart.WORDS) + ".weight");
        INDArray bias = tensors.get(lastStep().name());
        return bias == null
                ? sd.mmul(result, x, table, false, true, false)
                : sd.mmul(lastStep().name() + "/product", x, table, false, true, false)
                        .add(result, sd.constant(lastStep().name(), bias));
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.interpret;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.function.Function;
import org.deeplearning4j.nn.api.Model;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.array.ArrayText;
import org.lora4j.internal.interpret.BatchGradients;
import org.lora4j.internal.interpret.ExampleGradients;
import org.lora4j.internal.interpret.ExampleGradients.Block;
import org.lora4j.internal.interpret.GradientInfluence;
import org.lora4j.internal.interpret.GradientRows;
import org.lora4j.internal.interpret.NetworkExampleGradients;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.TextTask;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainable;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.api.DataSet;
import org.nd4j.linalg.dataset.api.MultiDataSet;
import org.nd4j.linalg.indexing.INDArrayIndex;
import org.nd4j.linalg.indexing.NDArrayIndex;

/**
 * DataInf: which examples that an adapter learned from made it better, and which worse.
 *
 * <pre>{@code
 * Influence<LabeledText> influence = DataInf.of(classifier, train).on(validation);
 * influence.mostHarmful(10);
 * }</pre>
 *
 * <p>Works from the gradient of the loss of each single example with respect to the low-rank factors that learn (of a model
 * without factors, all that learns); heads and biases that learn beside them do not count. Each factor is a block of its own, as in the
 * authors' program; {@code lambda} of a block is a tenth of the mean square of its gradients.
 *
 * <p><b>Source.</b> Kwon, Wu, Wu and Zou 2023, DataInf: Efficiently Estimating Data Influence in LoRA-tuned LLMs and Diffusion
 * Models, arXiv 2310.00902, equation 5. <b>Cost.</b> The gradient of each example once, and {@code n x parameters} floats: if these
 * are more than {@link #memory}, by default a quarter of the heap, they are not kept but computed again, once to begin
 * with and twice for each question. Nothing changes the model.
 *
 * <p><b>State.</b> Gradients are computed when they are first asked for, and are those of the values that the factors have then, if
 * they are kept. <b>Threads.</b> One call at a time.
 *
 * @param <E> an example
 * @apiNote Status: experimental
 */
public final class DataInf<E> {

    private static final int LEAST = 2;

    /** The examples, and the model's gradients of them. */
    private record Subject<E>(ExampleGradients<E> gradients, List<E> examples) {}

    private final Subject<E> subject;
    private final GradientRows rows;
    private GradientInfluence influence;

    private DataInf(Subject<E> subject, long mostBytes) {
        this.subject = subject;
        List<Block> blocks = subject.gradients().blocks();
        int[] ends = ExampleGradients.ends(blocks);
        this.rows = new GradientRows(
                subject.examples().size(),
                ends[ends.length - 1],
                i -> subject.gradients().of(subject.examples().get(i)),
                mostBytes);
    }

    /** Goes through all examples, once. */
    private GradientInfluence influence() {
        if (influence == null) {
            int[] ends = ExampleGradients.ends(subject.gradients().blocks());
            GradientInfluence found = new GradientInfluence(rows, ends);
            Problems problems = new Problems();
            for (int i = 0; i < rows.count(); i++) {
                check("train", i, found.squares(i), problems);
            }
            problems.throwIfAny("DataInf");
            if (Arrays.stream(found.lambda()).allMatch(lambda -> lambda == 0)) {
                throw new IllegalArgumentException(
                        "DataInf: the influence of examples cannot be said, because all gradients of the " + ends.length
                                + " factors are 0; expected a model whose loss depends on them.");
            }
            influence = found;
        }
        return influence;
    }

    /** A gradient that is not finite has no finite square. */
    private void check(String what, int index, double[] squares, Problems problems) {
        for (int block = 0; block < squares.length; block++) {
            if (!Double.isFinite(squares[block])) {
                problems.add(what + "[" + index + "] has a gradient that is not finite, of "
                        + MessageText.name(
                                subject.gradients().blocks().get(block).name())
                        + ", expected finite numbers: look at its values");
                return;
            }
        }
    }

    private static <E> DataInf<E> of(ExampleGradients<E> gradients, List<E> examples) {
        return new DataInf<>(
                new Subject<>(gradients, examples), Runtime.getRuntime().maxMemory() / 4);
    }

    private static void requireEnough(int count) {
        if (count < LEAST) {
            throw new IllegalArgumentException("DataInf: the influence of examples cannot be said, because there "
                    + (count == 0 ? "is none" : "is 1") + "; expected " + LEAST
                    + " or more, those that the model learned from.");
        }
    }

    /**
     * The influence of the examples of batches. Batches of several examples are taken apart, row by row.
     *
     * @param model what was trained, in the state in which it learned; an adapted graph runs without dropout
     * @param train the batches that it learned from, in an order of the caller's
     * @return the gradients of its examples, numbered over all batches
     * @throws IllegalArgumentException if there are fewer than 2 examples, or an array of a batch of several has not a row for
     *     each; the message lists every problem
     * @throws IllegalStateException if nothing learns in the state of the model
     */
    public static DataInf<Batch> of(Trainable model, List<Batch> train) {
        Objects.requireNonNull(model, "DataInf: model is null; expected one that learns");
        List<Batch> examples = apart("train", train);
        requireEnough(examples.size());
        return of(new BatchGradients(model), examples);
    }

    /**
     * As {@link #of(Trainable, List)}, of one pass over a source, its first epoch.
     *
     * @param model what was trained
     * @param train the source
     * @return the gradients of its examples, in the order in which the source gives them for seed 0
     * @throws IllegalArgumentException as {@link #of(Trainable, List)}
     */
    public static DataInf<Batch> of(Trainable model, Batches train) {
        Objects.requireNonNull(train, "DataInf: train is null; expected batches");
        List<Batch> batches = new ArrayList<>();
        for (Iterator<Batch> epoch = train.epoch(1, 0); epoch.hasNext(); ) {
            batches.add(epoch.next());
        }
        return of(model, batches);
    }

    /**
     * The influence of the texts that a task with an adapter learned from, here or before it was loaded.
     *
     * @param task a task that has learned
     * @param train the examples that it learned from
     * @param <E> an example
     * @return the gradients of the examples
     * @throws IllegalStateException if it has learned nothing yet, or has no adapter
     * @throws IllegalArgumentException if there are fewer than 2 examples, or one is none of the task's; the message lists every
     *     problem
     */
    public static <E> DataInf<E> of(TextTask<?, E, ?, ?, ?> task, List<E> train) {
        Objects.requireNonNull(task, "DataInf: task is null; expected a text task with an adapter");
        Objects.requireNonNull(train, "DataInf: train is null; expected the examples that the task learned from");
        BatchGradients gradients = gradients(task.model());
        requireEnough(train.size());
        task.batches(train);
        return of(through(gradients, example -> task.batches(List.of(example)).get(0)), List.copyOf(train));
    }

    /** Of the adapters that are active: those of a task that was loaded do not learn, but their gradients are asked for. */
    private static BatchGradients gradients(AdaptedSameDiff model) {
        List<String> still = model.activeAdapters().stream()
                .filter(name -> !model.isTrainable(name))
                .toList();
        if (still.size() < model.activeAdapters().size()) {
            return new BatchGradients(model);
        }
        still.forEach(name -> model.setTrainable(name, true));
        try {
            return new BatchGradients(model);
        } finally {
            still.forEach(name -> model.setTrainable(name, false));
        }
    }

    private static <E, B> ExampleGradients<E> through(ExampleGradients<B> gradients, Function<E, B> form) {
        return new ExampleGradients<>() {
            @Override
            public List<Block> blocks() {
                return gradients.blocks();
            }

            @Override
            public float[] of(E example) {
                return gradients.of(form.apply(example));
            }
        };
    }

    /**
     * The influence of the rows that an adapted network of Deeplearning4j learned from. Gradients are those of a step of training
     * at the count of iterations that the network has: dropout acts as it would there.
     *
     * @param model the model, in the state in which it learned
     * @param train the data that it learned from
     * @return the gradients of its rows
     * @throws IllegalArgumentException if there are fewer than 2 rows
     * @throws IllegalStateException if no factor learns
     */
    public static DataInf<org.nd4j.linalg.dataset.DataSet> of(AdaptedNetwork<? extends Model> model, DataSet train) {
        Objects.requireNonNull(model, "DataInf: model is null; expected an AdaptedNetwork");
        Objects.requireNonNull(train, "DataInf: train is null; expected a DataSet");
        List<org.nd4j.linalg.dataset.DataSet> examples = train.asList();
        requireEnough(examples.size());
        NetworkExampleGradients gradients =
                new NetworkExampleGradients(model, examples.get(0).toMultiDataSet());
        return of(through(gradients, org.nd4j.linalg.dataset.DataSet::toMultiDataSet), examples);
    }

    /**
     * As {@link #of(AdaptedNetwork, DataSet)}, for graphs with several inputs or outputs.
     *
     * @param model the model, in the state in which it learned
     * @param train the data that it learned from
     * @return the gradients of its rows
     * @throws IllegalArgumentException if there are fewer than 2 rows
     * @throws IllegalStateException if no factor learns
     */
    public static DataInf<MultiDataSet> of(AdaptedNetwork<? extends Model> model, MultiDataSet train) {
        Objects.requireNonNull(model, "DataInf: model is null; expected an AdaptedNetwork");
        Objects.requireNonNull(train, "DataInf: train is null; expected a MultiDataSet");
        List<MultiDataSet> examples = train.asList();
        requireEnough(examples.size());
        return of(new NetworkExampleGradients(model, examples.get(0)), examples);
    }

    /** Batches of one example each. */
    private static List<Batch> apart(String what, List<Batch> batches) {
        Objects.requireNonNull(batches, "DataInf: " + what + " is null; expected batches");
        Problems problems = new Problems();
        List<Batch> examples = new ArrayList<>();
        for (int i = 0; i < batches.size(); i++) {
            Batch batch = batches.get(i);
            if (batch == null) {
                problems.add(what + "[" + i + "] is null, expected a batch");
            } else if (batch.examples() == 1) {
                examples.add(batch);
            } else {
                boolean rows = batch.placeholders().values().stream()
                        .allMatch(array -> array.rank() > 0 && array.size(0) == batch.examples());
                problems.check(
                        rows,
                        what + "[" + i + "] has " + batch.examples() + " examples, but not each array as many rows: "
                                + ArrayText.of(batch.placeholders()) + ", expected batches of one example");
                for (int row = 0; rows && row < batch.examples(); row++) {
                    examples.add(row(batch, row));
                }
            }
        }
        problems.throwIfAny("DataInf");
        return List.copyOf(examples);
    }

    private static Batch row(Batch batch, int row) {
        Map<String, INDArray> arrays = new LinkedHashMap<>();
        batch.placeholders().forEach((name, array) -> {
            INDArrayIndex[] indices = new INDArrayIndex[array.rank()];
            Arrays.fill(indices, NDArrayIndex.all());
            indices[0] = NDArrayIndex.interval(row, row + 1);
            long[] shape = array.shape().clone();
            shape[0] = 1;
            arrays.put(name, array.get(indices).dup('c').reshape(shape));
        });
        return new Batch(arrays, 1, batch.weight() / batch.examples(), false);
    }

    /**
     * Sets how much memory gradients may be kept in. Call it before anything is asked: a new object computes them anew.
     *
     * @param bytes maximum number of bytes; 0 keeps nothing
     * @return a new object
     * @throws IllegalArgumentException if it is below 0
     */
    public DataInf<E> memory(long bytes) {
        if (bytes < 0) {
            throw new IllegalArgumentException(
                    "DataInf: memory = " + bytes + "; expected a number of bytes, 0 or more.");
        }
        return new DataInf<>(subject, bytes);
    }

    /**
     * The influence of every example on the mean loss of others.
     *
     * @param examples validation examples, or a single one: with the label that the model gives, the influence on that prediction
     * @return the influence
     * @throws IllegalArgumentException if there is none, or the gradient of one of them or of an example that was learned from is
     *     not finite; if all gradients are 0, so that it cannot be said; the message lists every problem
     */
    @SuppressWarnings("unchecked") // Batches are the one kind of example that is taken apart.
    public Influence<E> on(List<? extends E> examples) {
        Objects.requireNonNull(examples, "DataInf.on: examples is null; expected one or more");
        List<? extends E> single = subject.examples().get(0) instanceof Batch
                ? (List<? extends E>) apart("examples", (List<Batch>) examples)
                : examples;
        Problems problems = new Problems();
        problems.check(!single.isEmpty(), "no examples to ask for the influence on, expected one or more");
        int[] ends = ExampleGradients.ends(subject.gradients().blocks());
        double[] mean = new double[ends[ends.length - 1]];
        for (int i = 0; i < single.size(); i++) {
            float[] row = subject.gradients().of(single.get(i));
            check("examples", i, GradientInfluence.squares(row, ends), problems);
            for (int j = 0; j < mean.length; j++) {
                mean[j] += row[j] / (double) single.size();
            }
        }
        problems.throwIfAny("DataInf.on");
        return new Influence<>(subject.examples(), influence().on(mean));
    }

    /**
     * The influence of every example on its own loss. One that is learned by itself alone, as a wrong label is, has much of it.
     *
     * @return the influence, 0 or below, as every example lowers its own loss: {@link Influence#mostHelpful} has the strongest
     * @throws IllegalStateException if the gradients are not kept
     */
    public Influence<E> onItself() {
        if (!rows.areKept()) {
            throw new IllegalStateException("DataInf.onItself: the gradients are not kept, as they are " + rows.count()
                    + " times " + rows.length() + " floats; expected memory for them. Call memory(bytes) with more.");
        }
        double[] values = influence().onItself();
        for (int i = 0; i < values.length; i++) {
            values[i] = -values[i];
        }
        return new Influence<>(subject.examples(), values);
    }

    @Override
    public String toString() {
        return "DataInf[" + subject.examples().size() + " examples, "
                + subject.gradients().blocks().size() + " factors]";
    }
}

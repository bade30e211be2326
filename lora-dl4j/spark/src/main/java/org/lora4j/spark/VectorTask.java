/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import java.io.IOException;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Iterator;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.OptionalInt;
import java.util.OptionalLong;
import java.util.function.Function;
import java.util.stream.IntStream;
import org.apache.hadoop.conf.Configuration;
import org.apache.spark.ml.attribute.AttributeGroup;
import org.apache.spark.ml.linalg.Vector;
import org.apache.spark.sql.Row;
import org.apache.spark.sql.types.StructType;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.internal.parts.SharedParts;
import org.lora4j.model.AdaptedModel;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.FitOptions;
import org.lora4j.train.FitSettings;
import org.lora4j.train.Holdout;
import org.lora4j.train.ShuffledIndices;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.Validation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;

/** What classifiers and regressors of vectors share: their base, batches of rows, the plain trainer over them. */
abstract class VectorTask implements RowTask<VectorBase, VectorTask.Example, VectorTask.Input> {

    private static final long serialVersionUID = 1;

    private static final int BATCH = 32;

    /**
     * What is learned from.
     *
     * @param features the vector
     * @param label the index of its label, or its number
     */
    record Example(float[] features, double label) {}

    /**
     * What is predicted for.
     *
     * @param features the vector
     * @param label the index of its own label, if that is asked for
     */
    record Input(float[] features, Double label) {}

    /** How vectors are learned from by default. */
    private static final class Fit extends FitSettings<Fit> {

        private static final int EPOCHS = 10;
        private static final int PATIENCE = 4;

        Fit() {
            super(EPOCHS, PATIENCE, Integer.MAX_VALUE);
        }

        @Override
        protected Fit self() {
            return this;
        }

        @Override
        protected double defaultRate(boolean allWeights) {
            return 2e-3;
        }

        Fit of(ParamValues settings) {
            seed(settings.seed()).quiet();
            LoraConfig.Builder adapter = LoraConfig.builder()
                    .rank(settings.count("rank"))
                    .alpha(settings.number("alpha"))
                    .dropout(settings.number("dropout"))
                    .baseModelName(settings.text("checkpoint"))
                    .modulesToSave(settings.texts("modulesToSave"));
            List<String> targets = settings.texts("targetModules");
            if (targets.isEmpty()) {
                adapter.targetModules(ModuleSelector.allLinear());
            } else {
                adapter.targetModules(targets.toArray(String[]::new));
            }
            adapter(adapter.build());
            if (settings.count("epochs") > 0) {
                epochs(settings.count("epochs"));
            }
            if (settings.count("patience") > 0) {
                patience(settings.count("patience"));
            }
            if (settings.number("learningRate") > 0) {
                learningRate(settings.number("learningRate"));
            }
            if (settings.number("validationFraction") >= 0) {
                validationFraction(settings.number("validationFraction"));
            }
            Problems problems = new Problems();
            check(problems);
            problems.throwIfAny("settings");
            return this;
        }
    }

    @Override
    public final VectorBase named(String name) {
        throw new IllegalArgumentException("no file is called " + MessageText.name(name)
                + "; expected the path of a network's zip or of a SameDiff file, as none is published as an artifact");
    }

    @Override
    public final VectorBase open(Path path) throws IOException {
        return VectorBase.read(path);
    }

    @Override
    public final void checkTraining(TableColumns columns, ParamValues settings) {
        checkPrediction(columns, settings);
        columns.require("labelCol", settings.text("labelCol"), labels());
    }

    /** Puts the adapter in, and goes through a step with rows of zeros. */
    @Override
    public final void rehearseTraining(
            VectorBase base, ParamValues settings, Facts facts, StructType schema, Problems problems)
            throws IOException {
        Problems ofBase = new Problems();
        base.check(settings, ofBase);
        problems.addAll(ofBase.list());
        Optional<FitOptions> options =
                DriverCheck.into(problems, () -> new Fit().of(settings).options());
        if (!ofBase.isEmpty() || options.isEmpty()) {
            return;
        }
        Optional<VectorBase.Adapted> fresh =
                DriverCheck.into(problems, () -> base.fresh(options.get().adapter(), settings));
        OptionalInt told = width(schema, settings);
        OptionalInt wanted = base.width(settings);
        problems.check(
                told.isEmpty() || wanted.isEmpty() || told.equals(wanted),
                "featuresCol = " + MessageText.name(settings.text("featuresCol")) + ", vectors of " + told.orElse(0)
                        + " numbers, expected " + wanted.orElse(0) + ", the inputs of the base");
        OptionalInt width = wanted.isPresent() ? wanted : told;
        if (fresh.isPresent() && width.isPresent()) {
            step(fresh.get(), new float[2][width.getAsInt()], settings, facts, problems);
        }
    }

    private static void step(
            VectorBase.Adapted model, float[][] rows, ParamValues settings, Facts facts, Problems problems) {
        try {
            int outputs = outputs(model, rows)[0].length;
            requireFit(facts, outputs);
            GraphExecutor executor = model.trainable().executor();
            problems.check(
                    !settings.flag("distributed") || executor.inParts(2).mostParts() > 1,
                    "checkpoint = " + MessageText.name(settings.text("checkpoint"))
                            + " with distributed = true, but the base runs batches whole, as networks of Deeplearning4j do, so every worker would"
                            + " compute all of it, expected a SameDiff graph whose rows share nothing. Set distributed to false");
            executor.gradients(
                    Map.of(
                            settings.text("inputName"), array(rows),
                            settings.text("labelsName"), array(new float[rows.length][outputs])),
                    rows.length);
            List<String> unreached = model.trainable().modulesWithoutGradient();
            problems.check(
                    unreached.isEmpty(),
                    "no gradient can reach " + Problems.quoted(unreached)
                            + ", as the loss does not depend on them, expected other targetModules");
        } catch (RuntimeException e) {
            // What a network throws has any type; here it only becomes words.
            problems.add("checkpoint = " + MessageText.name(settings.text("checkpoint")) + " cannot learn from rows of "
                    + rows[0].length + " numbers: " + DriverCheck.unfinished(e));
        }
    }

    /** How many numbers the column says that its vectors have. */
    private static OptionalInt width(StructType schema, ParamValues settings) {
        String column = settings.text("featuresCol");
        return Arrays.stream(schema.fields())
                .filter(field -> field.name().equals(column))
                .mapToInt(field -> AttributeGroup.fromStructField(field).size())
                .filter(size -> size > 0)
                .findFirst();
    }

    /** What the column of labels holds. */
    abstract TableColumns.Kind labels();

    @Override
    public final void checkPrediction(TableColumns columns, ParamValues settings) {
        columns.require("featuresCol", settings.text("featuresCol"), TableColumns.Kind.VECTOR);
    }

    @Override
    public final List<String> trainingColumns(ParamValues settings) {
        return List.of(settings.text("featuresCol"), settings.text("labelCol"));
    }

    @Override
    public String modelKey(ParamValues settings) {
        return settings.text("inputName") + " " + settings.text("outputName");
    }

    /** A vector of finite numbers. */
    static float[] features(Row row, ParamValues settings) {
        String column = settings.text("featuresCol");
        double[] wide = ((Vector) RowCells.cell(row, column, "a vector")).toArray();
        float[] features = new float[wide.length];
        for (int i = 0; i < wide.length; i++) {
            features[i] = (float) wide[i];
            if (!Float.isFinite(features[i])) {
                throw new IllegalArgumentException("column " + MessageText.name(column) + " has " + wide[i] + " at " + i
                        + "; expected finite numbers");
            }
        }
        return features;
    }

    /** What the model has to give for an example. */
    abstract float[] target(Example example, Facts facts, int outputs);

    /** How good outputs are. */
    abstract double score(List<Example> examples, float[][] outputs);

    /** What the score is, and whether more of it is better. */
    abstract String metric();

    abstract boolean higherIsBetter();

    /** By what examples are kept together when a part is kept back. */
    abstract Object group(Example example);

    /** What is known of the model, once examples were seen. */
    abstract Facts known(Facts given, List<Example> train);

    @Override
    public final Facts train(
            VectorBase base,
            ParamValues settings,
            Facts facts,
            List<Example> train,
            List<Example> validation,
            Site site,
            Path directory)
            throws IOException {
        FitOptions options = new Fit().of(settings).options();
        Holdout.Split<Example> split = validation.isEmpty()
                ? options.holdout().of(train, this::group)
                : new Holdout.Split<>(train, validation);
        Facts known = known(facts, train);
        VectorBase.Adapted model = base.fresh(options.adapter(), settings);
        int outputs = outputs(model, split.train().get(0).features()).length;
        requireFit(known, outputs);
        Trainable learner = site.others()
                .map(others -> model.trainable().executedBy(executor -> new SharedParts(executor, others)))
                .orElse(model.trainable());
        int parts = settings.count("gradientParts");
        Trainer.Builder trainer = Trainer.builder(learner)
                .plan(options.plan(!split.validation().isEmpty(), plan -> parts > 0 ? plan.parts(parts) : plan))
                .quiet();
        site.listeners().forEach(trainer::listener);
        site.checkpoints().ifPresent(trainer::checkpoints);
        if (!split.validation().isEmpty()) {
            trainer.validation(new Validation(
                    metric(), higherIsBetter(), () -> score(split.validation(), outputs(model, split.validation()))));
        }
        Rows rows = new Rows(split.train(), settings, example -> target(example, known, outputs));
        if (site.checkpoints().isEmpty()) {
            trainer.build().train(rows);
        } else {
            trainer.build().resume(rows);
        }
        model.model().adapter(AdaptedModel.DEFAULT_ADAPTER).save(directory);
        return known;
    }

    private static void requireFit(Facts facts, int outputs) {
        if (facts.labels().size() > outputs) {
            throw new IllegalArgumentException("there are " + facts.labels().size() + " labels, but the base has "
                    + outputs + " outputs; expected an output for each label. Give the base a head of that width.");
        }
    }

    /** Batches of rows in an order that the seed and the epoch give. */
    private record Rows(List<Example> examples, ParamValues settings, Function<Example, float[]> target)
            implements Batches {

        private int size() {
            return settings.count("batchSize") > 0 ? settings.count("batchSize") : BATCH;
        }

        @Override
        public Iterator<Batch> epoch(int epoch, long seed) {
            int[] order = ShuffledIndices.of(examples.size(), seed, epoch);
            return IntStream.iterate(0, at -> at < order.length, at -> at + size())
                    .mapToObj(at -> batch(order, at, Math.min(order.length, at + size())))
                    .iterator();
        }

        private Batch batch(int[] order, int from, int to) {
            float[][] features = new float[to - from][];
            float[][] targets = new float[to - from][];
            for (int i = from; i < to; i++) {
                features[i - from] = examples.get(order[i]).features();
                targets[i - from] = target.apply(examples.get(order[i]));
            }
            return Batch.disposable(
                    Map.of(settings.text("inputName"), array(features), settings.text("labelsName"), array(targets)),
                    to - from);
        }

        @Override
        public OptionalLong batchesPerEpoch() {
            return OptionalLong.of((examples.size() + size() - 1L) / size());
        }
    }

    private static INDArray array(float[][] rows) {
        for (float[] row : rows) {
            if (row.length != rows[0].length) {
                throw new IllegalArgumentException("vectors have " + rows[0].length + " and " + row.length
                        + " numbers; expected as many in each row");
            }
        }
        return Nd4j.createFromArray(rows).castTo(DataType.FLOAT);
    }

    private static float[] outputs(VectorBase.Adapted model, float[] row) {
        return outputs(model, new float[][] {row})[0];
    }

    private static float[][] outputs(VectorBase.Adapted model, List<Example> examples) {
        return outputs(model, examples.stream().map(Example::features).toArray(float[][]::new));
    }

    private static float[][] outputs(VectorBase.Adapted model, float[][] rows) {
        try (INDArray in = array(rows);
                INDArray out = model.outputs().of(in)) {
            if (out.rank() != 2 || out.size(0) != rows.length) {
                throw new IllegalArgumentException("the base gives " + Arrays.toString(out.shape()) + " for "
                        + rows.length + " rows; expected a row of numbers for each");
            }
            return out.castTo(DataType.FLOAT).toFloatMatrix();
        }
    }

    /** The cells of a row. */
    abstract Object[] cells(float[] outputs, Input input, ParamValues settings, Facts facts);

    @Override
    public final Predictor<Input> load(
            VectorBase base, ParamValues settings, Optional<Path> directory, Configuration hadoop) throws IOException {
        VectorBase.Adapted model = base.saved(directory.orElseThrow(), settings);
        return new Predictor<>() {
            @Override
            public synchronized List<Object[]> predict(List<Input> inputs, ParamValues now, Facts facts) {
                float[][] outputs =
                        outputs(model, inputs.stream().map(Input::features).toArray(float[][]::new));
                List<Object[]> cells = new ArrayList<>();
                for (int i = 0; i < outputs.length; i++) {
                    cells.add(cells(outputs[i], inputs.get(i), now, facts));
                }
                return cells;
            }

            @Override
            public void close() {
                // The adapter's arrays go with the model.
            }
        };
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import com.oracle.labs.mlrg.olcut.config.Config;
import com.oracle.labs.mlrg.olcut.config.PropertyException;
import com.oracle.labs.mlrg.olcut.provenance.Provenance;
import java.nio.file.Path;
import java.time.OffsetDateTime;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.train.FitSettings;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.InputConverter;
import org.lora4j.tribuo.output.OutputConverter;
import org.lora4j.trust.PreflightRule;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Feature;
import org.tribuo.IncrementalTrainer;
import org.tribuo.Output;
import org.tribuo.Trainer;
import org.tribuo.WeightedExamples;
import org.tribuo.provenance.ModelProvenance;
import org.tribuo.provenance.TrainerProvenance;
import org.tribuo.provenance.impl.TrainerProvenanceImpl;

/**
 * Trains low-rank adapters (LoRA; Hu et al. 2021, arXiv:2106.09685) and a head on a frozen pretrained network.
 *
 * <pre>{@code
 * LoraTrainer<Label> trainer = LoraTrainer.builder(base, new LabelConverter())
 *         .inputs(new DenseInputConverter(featureNames))
 *         .spec(new LoraSpec(8, 16))
 *         .epochs(20)
 *         .build();
 * LoraModel<Label> model = trainer.train(data);
 * }</pre>
 *
 * <p><b>Loss.</b> That of the output converter, the mean over a batch of {@code weight_i * loss_i}.
 *
 * <p><b>Reproducible.</b> Seed, data, base and count of calls determine every bit of the result on one machine, also when
 * several threads train with one trainer. Nothing is drawn from a generator that others use.
 *
 * <p><b>State.</b> The count of calls of {@code train}. <b>Threads.</b> Safe; only the count is taken under a lock.
 *
 * @param <T> type of output
 * @apiNote Status: stable
 */
public final class LoraTrainer<T extends Output<T>> implements IncrementalTrainer<T, LoraModel<T>>, WeightedExamples {

    /** Name under which the run provenance of a model that goes on holds the provenance of the one before. */
    public static final String PARENT = "parent-model";

    private static final String WHERE = "LoraTrainer";

    @Config(mandatory = true, description = "The frozen network.")
    BaseNetwork base;

    @Config(mandatory = true, description = "What to adapt and how.")
    LoraSpec spec;

    @Config(mandatory = true, description = "Turns features into inputs of the network.")
    InputConverter inputConverter;

    @Config(mandatory = true, description = "Turns outputs into targets and back.")
    OutputConverter<T> outputConverter;

    @Config(description = "How gradients become updates.")
    Optimiser optimiser = Optimiser.ADAMW;

    @Config(description = "Learning rate after the warm-up.")
    double learningRate = 1e-3;

    @Config(description = "Learning rate of a new head; 0 for that of the factors.")
    double headLearningRate;

    @Config(description = "Weight decay, not on biases.")
    double weightDecay;

    @Config(description = "How the learning rate goes on after the warm-up.")
    Schedule schedule = Schedule.CONSTANT;

    @Config(description = "Share of the steps in which the learning rate rises.")
    double warmupFraction;

    @Config(description = "Longest gradient; longer ones are shortened. 0 for off.")
    double clipNorm;

    @Config(description = "Number of passes over the data.")
    int epochs = 5;

    @Config(description = "Number of examples in a step.")
    int batchSize = 16;

    @Config(description = "Number of examples that a model predicts together.")
    int predictionBatchSize = 64;

    @Config(description = "Share of the data to validate on after each epoch; the best epoch is kept. 0 for off.")
    double validationFraction;

    @Config(description = "Number of epochs without improvement that end the training. 0 for off.")
    int patience;

    @Config(description = "Log the loss after that many steps. 0 for off.")
    int loggingInterval;

    @Config(description = "Shuffle the data before each epoch. Only turn off for debugging.")
    boolean shuffle = true;

    @Config(description = "Seed of everything random.")
    long seed = Trainer.DEFAULT_SEED;

    @Config(description = "Where the head comes from.")
    HeadMode headMode = HeadMode.NEW;

    @Config(description = "With REUSE: the names of the base's outputs in their order.")
    List<String> outputNames = new ArrayList<>();

    @Config(description = "Names of rules of the preflight that do not refuse a training, such as NO_GRADIENT.")
    List<String> allow = new ArrayList<>();

    @Config(description = "What a serialized model holds.")
    ModelFormat modelFormat = ModelFormat.ADAPTER_ONLY;

    @Config(description = "Whether models know all features of the network, not only those in the training data.")
    boolean widenDomain = true;

    @Config(description = "Directory of an adapter to start from, instead of new factors.")
    Path initialAdapter;

    private SplittableRandom rng;
    private int trainInvocationCounter;

    /** For olcut. */
    private LoraTrainer() {}

    /**
     * Starts a trainer.
     *
     * @param base the frozen network
     * @param outputs turns outputs into targets and back
     * @param <T> type of output
     * @return a builder with the defaults
     */
    public static <T extends Output<T>> Builder<T> builder(BaseNetwork base, OutputConverter<T> outputs) {
        return new Builder<>(base, outputs);
    }

    /**
     * Starts another trainer from the values of this one.
     *
     * @return a builder
     */
    public Builder<T> toBuilder() {
        return new Builder<>(this);
    }

    /**
     * Checks what was configured.
     *
     * @throws PropertyException if a value is outside of its range; the message lists every problem
     */
    @Override
    public synchronized void postConfig() {
        Problems problems = prepare();
        if (!problems.isEmpty()) {
            throw new PropertyException("", problems.message(WHERE));
        }
    }

    private synchronized Problems prepare() {
        rng = new SplittableRandom(seed);
        trainInvocationCounter = 0;
        Problems problems = new Problems();
        new TrainingSettings(this).check(problems);
        problems.check(base != null, "base = null, expected the frozen network");
        problems.check(spec != null, "spec = null, expected what to adapt, such as new LoraSpec(8, 16)");
        problems.check(inputConverter != null, "inputs = null, expected a converter of features");
        problems.check(outputConverter != null, "outputs = null, expected a converter of outputs");
        return problems;
    }

    @Override
    public LoraModel<T> train(Dataset<T> examples) {
        return train(examples, Map.of());
    }

    @Override
    public LoraModel<T> train(Dataset<T> examples, Map<String, Provenance> runProvenance) {
        return train(examples, runProvenance, INCREMENT_INVOCATION_COUNT);
    }

    /**
     * Trains a model.
     *
     * @param examples the training data
     * @param runProvenance further provenance for the model
     * @param invocationCount the count to train with, or {@link Trainer#INCREMENT_INVOCATION_COUNT} for the next one
     * @return a new model
     * @throws IllegalArgumentException if the data is empty, has outputs that are unknown or features that the network has
     *     no place for, values that are not finite or nothing but zeros, or examples without features; the message shows both
     *     sides
     * @throws org.lora4j.train.TrainingFailedException if the loss or a gradient is no longer finite, or the factors get no
     *     gradient
     */
    @Override
    public LoraModel<T> train(Dataset<T> examples, Map<String, Provenance> runProvenance, int invocationCount) {
        requireUsable(examples);
        Call call = call(invocationCount);
        return model(call, examples, runProvenance, training(call).train(examples));
    }

    /**
     * Trains a new model that goes on where another one ended. Its domains are those of both; the rows of the head are
     * carried by the name of the output, new outputs get fresh rows. What is adapted, rank and scale are those of the model,
     * regression targets are standardized as they were. The optimiser starts anew. The model that is given does not change,
     * and its provenance is in the run provenance of the new one as {@value #PARENT}.
     *
     * @param newData the data to go on with; outputs of the model may be missing in it
     * @param model a model of the same base
     * @return a new model
     * @throws IllegalArgumentException as for {@link #train(Dataset, Map, int)}, and if the model is of another base or has
     *     other converters
     */
    @Override
    public LoraModel<T> incrementalTrain(Dataset<T> newData, LoraModel<T> model) {
        requireUsable(newData);
        requireContinues(model);
        Call call = call(INCREMENT_INVOCATION_COUNT);
        Map<String, Provenance> run = new LinkedHashMap<>();
        run.put(PARENT, model.getProvenance());
        return model(call, newData, run, training(call).trainOn(newData, model));
    }

    private void requireContinues(LoraModel<T> model) {
        ModelParts<T> parts = model.parts();
        Problems problems = new Problems();
        problems.check(
                parts.reference().contentHash().equals(base.contentHash()),
                "the model belongs to base " + parts.reference().contentHash() + ", the trainer to "
                        + base.contentHash() + ", expected the same");
        problems.check(
                parts.inputs().equals(inputConverter),
                "the model has " + parts.inputs() + ", the trainer " + inputConverter + ", expected the same");
        problems.check(
                parts.outputs().equals(outputConverter),
                "the model has " + parts.outputs() + ", the trainer " + outputConverter + ", expected the same");
        problems.check(
                parts.headMode() == headMode,
                "the model has headMode " + parts.headMode() + ", the trainer " + headMode + ", expected the same");
        problems.throwIfAny(WHERE);
    }

    private void requireUsable(Dataset<T> examples) {
        if (examples.getOutputInfo().getUnknownCount() > 0) {
            throw new IllegalArgumentException(
                    "The supplied Dataset contained unknown Outputs, and this Trainer is supervised.");
        }
        if (examples.size() == 0) {
            throw new IllegalArgumentException(
                    WHERE + ": the data set is empty; expected one example or more. Check how the data was read.");
        }
        requireValues(examples);
    }

    private void requireValues(Dataset<T> examples) {
        for (Example<T> example : examples) {
            for (Feature feature : example) {
                if (feature.getValue() != 0) {
                    return;
                }
            }
        }
        List<String> names = new ArrayList<>();
        examples.getFeatureMap().forEach(feature -> names.add(feature.getName()));
        throw new IllegalArgumentException(WHERE + ": every value of all " + examples.size()
                + " examples is 0, those of the features " + Problems.quoted(names)
                + "; expected some that are not, for "
                + inputConverter + ". Check how the data was read and scaled.");
    }

    /** What a call of train has for itself. */
    private record Call(SplittableRandom random, TrainerProvenance provenance) {}

    // Provenance first: the first model of a trainer has the count 0.
    private synchronized Call call(int invocationCount) {
        if (invocationCount != INCREMENT_INVOCATION_COUNT) {
            setInvocationCount(invocationCount);
        }
        Call call = new Call(rng.split(), getProvenance());
        trainInvocationCounter++;
        return call;
    }

    private AdapterTraining<T> training(Call call) {
        return new AdapterTraining<>(this, call.random());
    }

    private LoraModel<T> model(Call call, Dataset<T> data, Map<String, Provenance> run, ModelParts<T> parts) {
        ModelProvenance provenance = new ModelProvenance(
                LoraModel.class.getName(), OffsetDateTime.now(), data.getProvenance(), call.provenance(), run);
        return new LoraModel<>(LoraModel.NAME, provenance, parts);
    }

    @Override
    public synchronized int getInvocationCount() {
        return trainInvocationCounter;
    }

    @Override
    public synchronized void setInvocationCount(int invocationCount) {
        if (invocationCount < 0) {
            throw new IllegalArgumentException(
                    "The supplied invocationCount is less than zero. Found " + invocationCount + ".");
        }
        rng = new SplittableRandom(seed);
        for (trainInvocationCounter = 0; trainInvocationCounter < invocationCount; trainInvocationCounter++) {
            rng.split();
        }
    }

    @Override
    public synchronized TrainerProvenance getProvenance() {
        return new TrainerProvenanceImpl(this);
    }

    @Override
    public String toString() {
        return "LoraTrainer(base=" + base + ",spec=" + spec + ",inputConverter=" + inputConverter + ",outputConverter="
                + outputConverter + ",seed=" + seed + ",optimiser=" + optimiser + ",learningRate=" + learningRate
                + ",schedule=" + schedule + ",epochs=" + epochs + ",batchSize=" + batchSize + ")";
    }

    /**
     * Collects the values of a trainer.
     *
     * @param <T> type of output
     * @apiNote Status: stable
     */
    public static final class Builder<T extends Output<T>> {

        private LoraTrainer<T> next = new LoraTrainer<>();

        private Builder(BaseNetwork base, OutputConverter<T> outputs) {
            next.base = base;
            next.outputConverter = outputs;
            next.spec = new LoraSpec(FitSettings.RANK, FitSettings.ALPHA);
        }

        private Builder(LoraTrainer<T> from) {
            next = copy(from);
        }

        private static <T extends Output<T>> LoraTrainer<T> copy(LoraTrainer<T> from) {
            LoraTrainer<T> copy = new LoraTrainer<>();
            copy.base = from.base;
            copy.spec = from.spec;
            copy.inputConverter = from.inputConverter;
            copy.outputConverter = from.outputConverter;
            copy.optimiser = from.optimiser;
            copy.learningRate = from.learningRate;
            copy.headLearningRate = from.headLearningRate;
            copy.weightDecay = from.weightDecay;
            copy.schedule = from.schedule;
            copy.warmupFraction = from.warmupFraction;
            copy.clipNorm = from.clipNorm;
            copy.epochs = from.epochs;
            copy.batchSize = from.batchSize;
            copy.predictionBatchSize = from.predictionBatchSize;
            copy.validationFraction = from.validationFraction;
            copy.patience = from.patience;
            copy.loggingInterval = from.loggingInterval;
            copy.shuffle = from.shuffle;
            copy.seed = from.seed;
            copy.headMode = from.headMode;
            copy.outputNames = new ArrayList<>(from.outputNames);
            copy.allow = new ArrayList<>(from.allow);
            copy.modelFormat = from.modelFormat;
            copy.widenDomain = from.widenDomain;
            copy.initialAdapter = from.initialAdapter;
            return copy;
        }

        /**
         * Sets what to adapt and how; by default all linear modules with rank 8 and alpha 16.
         *
         * @param value the spec
         * @return this
         */
        public Builder<T> spec(LoraSpec value) {
            next.spec = value;
            return this;
        }

        /**
         * Sets what turns features into inputs of the network; there is no default.
         *
         * @param value the converter
         * @return this
         */
        public Builder<T> inputs(InputConverter value) {
            next.inputConverter = value;
            return this;
        }

        /**
         * Sets how gradients become updates; AdamW by default.
         *
         * @param value the optimiser
         * @return this
         */
        public Builder<T> optimiser(Optimiser value) {
            next.optimiser = value;
            return this;
        }

        /**
         * Sets the learning rate after the warm-up; 1e-3 by default.
         *
         * @param value above 0
         * @return this
         */
        public Builder<T> learningRate(double value) {
            next.learningRate = value;
            return this;
        }

        /**
         * Sets the learning rate of a new head; that of the factors by default.
         *
         * @param value above 0, or 0 for that of the factors
         * @return this
         */
        public Builder<T> headLearningRate(double value) {
            next.headLearningRate = value;
            return this;
        }

        /**
         * Sets the weight decay, which biases are spared; none by default.
         *
         * @param value 0 or more
         * @return this
         */
        public Builder<T> weightDecay(double value) {
            next.weightDecay = value;
            return this;
        }

        /**
         * Sets how the learning rate goes on after the warm-up; it stays by default.
         *
         * @param value the schedule
         * @return this
         */
        public Builder<T> schedule(Schedule value) {
            next.schedule = value;
            return this;
        }

        /**
         * Sets the share of the steps in which the learning rate rises; none by default.
         *
         * @param value from 0 to below 1
         * @return this
         */
        public Builder<T> warmupFraction(double value) {
            next.warmupFraction = value;
            return this;
        }

        /**
         * Sets how long a gradient may be before it is shortened; no limit by default.
         *
         * @param value 0 for off, or above 0
         * @return this
         */
        public Builder<T> clipNorm(double value) {
            next.clipNorm = value;
            return this;
        }

        /**
         * Sets the number of passes over the data; 5 by default.
         *
         * @param value 1 or more
         * @return this
         */
        public Builder<T> epochs(int value) {
            next.epochs = value;
            return this;
        }

        /**
         * Sets the number of examples in a step; 16 by default.
         *
         * @param value 1 or more
         * @return this
         */
        public Builder<T> batchSize(int value) {
            next.batchSize = value;
            return this;
        }

        /**
         * Sets the number of examples that a model predicts together; 64 by default.
         *
         * @param value 1 or more
         * @return this
         */
        public Builder<T> predictionBatchSize(int value) {
            next.predictionBatchSize = value;
            return this;
        }

        /**
         * Sets the share of the data to validate on after each epoch, which keeps the best one; none by default.
         *
         * @param value from 0 to below 1
         * @return this
         */
        public Builder<T> validationFraction(double value) {
            next.validationFraction = value;
            return this;
        }

        /**
         * Sets the number of epochs without improvement that end the training; off by default.
         *
         * @param value 0 for off, or 1 or more
         * @return this
         */
        public Builder<T> patience(int value) {
            next.patience = value;
            return this;
        }

        /**
         * Sets after how many steps the loss is logged; off by default.
         *
         * @param value 0 for off, or 1 or more
         * @return this
         */
        public Builder<T> loggingInterval(int value) {
            next.loggingInterval = value;
            return this;
        }

        /**
         * Sets whether data is shuffled before each epoch; it is by default.
         *
         * @param value false for debugging only
         * @return this
         */
        public Builder<T> shuffle(boolean value) {
            next.shuffle = value;
            return this;
        }

        /**
         * Sets the seed of everything random.
         *
         * @param value any number
         * @return this
         */
        public Builder<T> seed(long value) {
            next.seed = value;
            return this;
        }

        /**
         * Sets what a serialized model holds; the adapter only by default.
         *
         * @param value the format
         * @return this
         */
        public Builder<T> modelFormat(ModelFormat value) {
            next.modelFormat = value;
            return this;
        }

        /**
         * Sets whether models know all features of the network, not only those in the training data; they do by default.
         *
         * @param value whether they do
         * @return this
         */
        public Builder<T> widenDomain(boolean value) {
            next.widenDomain = value;
            return this;
        }

        /**
         * Starts from a saved adapter instead of new factors: rank and targets are those of the adapter.
         *
         * @param value a PEFT directory; rows of its head are carried if {@link LoraModel#exportAdapter} wrote it
         * @return this
         */
        public Builder<T> initialAdapter(Path value) {
            next.initialAdapter = value;
            return this;
        }

        /**
         * Keeps the head that the base came with, frozen, instead of a new one.
         *
         * @param names the names of its outputs in their order
         * @return this
         */
        public Builder<T> reuseHead(List<String> names) {
            next.headMode = HeadMode.REUSE;
            next.outputNames = new ArrayList<>(names);
            return this;
        }

        /**
         * Lets a training go on in spite of what its preflight finds by some rules: a module that no gradient can reach, a head that is
         * fresh and not saved.
         *
         * @param rules the rules
         * @return this
         */
        public Builder<T> allow(PreflightRule... rules) {
            Arguments.allRequired(
                    Arrays.asList(Arguments.required(rules, "allow: rules", "rules of the preflight")),
                    "allow: rules",
                    "a rule of the preflight");
            for (PreflightRule rule : rules) {
                next.allow.add(rule.name());
            }
            return this;
        }

        /**
         * Checks everything and makes the trainer.
         *
         * @return the trainer
         * @throws IllegalArgumentException if something is missing or outside of its range; the message lists every problem
         */
        public LoraTrainer<T> build() {
            LoraTrainer<T> trainer = copy(next);
            trainer.prepare().throwIfAny(WHERE);
            return trainer;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import java.nio.IntBuffer;
import java.util.ArrayList;
import java.util.HashSet;
import java.util.IdentityHashMap;
import java.util.List;
import java.util.Map;
import java.util.Objects;
import java.util.Optional;
import java.util.Set;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.error.MessageText;
import org.lora4j.error.Problems;
import org.lora4j.internal.language.DecoderPart;
import org.lora4j.internal.language.DecoderWeights;
import org.lora4j.internal.language.training.SequencePacking;
import org.lora4j.internal.language.training.TiedWeights;
import org.lora4j.internal.language.training.TokenBatches;
import org.lora4j.internal.language.training.TokenRow;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.samediff.TrainableGraph;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.FitOptions;
import org.lora4j.train.FitSettings;
import org.lora4j.train.GradientClipping;
import org.lora4j.train.Holdout;
import org.lora4j.train.RunReceipt;
import org.lora4j.train.Trainable;
import org.lora4j.train.TrainableParameter;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.lora4j.trust.Preflight;
import org.lora4j.trust.PreflightRule;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.slf4j.Logger;
import org.slf4j.LoggerFactory;

/**
 * Teaches a language model texts, completions and conversations.
 *
 * <pre>{@code
 * CausalLmTrainer trainer = CausalLmTrainer.builder(model).build();
 * System.out.println(trainer.fit(LmExample.jsonLines(train), LmExample.jsonLines(validation)));
 * model.save(directory);
 * }</pre>
 *
 * <p>Without any call of the builder: LoRA of rank 8 on all linear layers but the head, at most 3 epochs of AdamW, several
 * examples packed into a row without attention between them, and the best epoch on the validation part kept; if none was
 * better than the start, the start.
 *
 * <p><b>State.</b> What is trained is the model that was given: afterwards it answers as it has learned, and {@link CausalLm#save}
 * writes that. With LoRA an adapter of {@link CausalLm#model()} learns, which is active afterwards. With full fine-tuning the
 * model gets weights of its own; those that were read are never written to, and {@link CausalLm#base()} has them. A fit that fails
 * leaves the model as it was. <b>Threads.</b> One call at a time, and nobody else may use the model meanwhile.
 *
 * @apiNote Status: stable
 */
public final class CausalLmTrainer {

    private static final Logger LOG = LoggerFactory.getLogger(CausalLmTrainer.class);

    private static final double LORA_RATE = 5e-4;
    private static final double HIDDEN_OF_RATE = 2000;
    private static final double FALL_OF_RATE = 0.78;
    private static final int LONGEST_BY_DEFAULT = 1024;
    private static final int SHORTEST_PACK = 256;
    private static final String RESUME = "resume";

    /** Examples that a refusal shows. */
    private static final int SHOWN = 3;

    private final Builder settings;
    private final FitOptions options;
    private final AdapterConfig config;
    private final int maxLength;
    private final CausalLm model;

    private CausalLmTrainer(Builder settings, FitOptions options) {
        this.settings = settings;
        this.options = options;
        this.model = settings.model;
        this.maxLength = settings.maxLength();
        this.config = options.adapterFor("CAUSAL_LM", model.name());
    }

    /**
     * Starts a trainer.
     *
     * @param model the model
     * @return a builder
     */
    public static Builder builder(CausalLm model) {
        return new Builder(model);
    }

    /**
     * Learns; a part of the sequences is kept back to choose the best epoch by, as {@link Builder#validationFraction} says.
     *
     * @param train the examples
     * @return what happened
     * @throws IllegalArgumentException as {@link #fit(List, List)}, and if there are too few examples to keep some back
     * @throws IllegalStateException as {@link #fit(List, List)}
     */
    public LmFitReport fit(List<LmExample> train) {
        return run("fit", train, Optional.empty());
    }

    /**
     * Learns.
     *
     * @param train the examples to learn from
     * @param validation the examples to choose the best epoch by, none of them in {@code train}
     * @return what happened
     * @throws IllegalArgumentException before anything changes, if a part is empty, or an example cannot be learned from and
     *     {@link Builder#skipInvalid} was not asked for: a conversation without an answer, or that the chat template refuses or
     *     cannot be told apart into turns, an empty text, more tokens than a row may have, nothing that is learned; the message
     *     lists every problem with the index of the example, and its line if it was read from a file
     * @throws IllegalStateException if there are texts and no tokenizer, conversations and no chat template, an adapter is
     *     merged, there is an adapter of this name with another config ({@link Builder#replaceAdapter}), or all weights are to
     *     learn below adapters
     * @throws org.lora4j.train.TrainingFailedException as {@link Trainer#train}
     */
    public LmFitReport fit(List<LmExample> train, List<LmExample> validation) {
        return run("fit", train, Optional.of(required(validation, "validation")));
    }

    /**
     * Goes on with the run of {@link #fit(List)} from its latest checkpoint, as {@link #resume(List, List)}.
     *
     * @param train the same examples
     * @return what happened, the part before the stop included
     * @throws IllegalArgumentException as {@link #resume(List, List)}
     * @throws IllegalStateException as {@link #resume(List, List)}
     */
    public LmFitReport resume(List<LmExample> train) {
        return run(RESUME, train, Optional.empty());
    }

    /**
     * Goes on with the run of the latest checkpoint, or starts it if there is none, which the log and the report say; with the model as it was at the start, the
     * same settings and the same examples the end is the same to the bit.
     *
     * @param train as for {@link #fit(List, List)}
     * @param validation as for {@link #fit(List, List)}
     * @return what happened, the part before the stop included
     * @throws IllegalArgumentException as {@link #fit(List, List)}, and if the checkpoint is of another plan or model
     * @throws IllegalStateException as {@link #fit(List, List)}, and without {@link Builder#checkpoints}
     */
    public LmFitReport resume(List<LmExample> train, List<LmExample> validation) {
        return run(RESUME, train, Optional.of(required(validation, "validation")));
    }

    private static List<LmExample> required(List<LmExample> examples, String name) {
        return Objects.requireNonNull(examples, "CausalLmTrainer: " + name + " is null; expected a list of examples");
    }

    /**
     * Measures how well the model foretells texts, in its state as it is: with the adapters that act, or without.
     *
     * @param examples the examples; what would be learned of them is foretold
     * @return loss and perplexity, also by kind
     * @throws IllegalArgumentException as {@link #fit(List, List)}
     * @throws IllegalStateException as {@link #fit(List, List)}, but for merged adapters
     */
    public LmEvaluation evaluate(List<LmExample> examples) {
        Problems problems = new Problems();
        List<TokenRow> rows = encoder("evaluate").of(required(examples, "examples"), "examples", problems);
        problems.throwIfAny("CausalLmTrainer.evaluate");
        return LmScore.of(model, rows);
    }

    /**
     * Shows what would be learned of examples, before anything is trained.
     *
     * @param examples the examples
     * @param count how many of their sequences are shown at most, the first ones; 1 or more
     * @return each as a text in which the learned part is marked
     * @throws IllegalArgumentException as {@link #fit(List, List)}, for the examples that are shown
     * @throws IllegalStateException likewise
     */
    public LmPreview preview(List<LmExample> examples, int count) {
        Problems problems = new Problems();
        problems.atLeast("count", count, 1);
        problems.throwIfAny("CausalLmTrainer.preview");
        List<LmExample> first = required(examples, "examples").subList(0, Math.min(count, examples.size()));
        List<TokenRow> rows = encoder("preview").of(first, "examples", problems);
        problems.throwIfAny("CausalLmTrainer.preview");
        return LmPreview.of(model.tokenizer(), rows.subList(0, Math.min(count, rows.size())), examples.size());
    }

    /**
     * The model that learns.
     *
     * @return the one that was given
     */
    public CausalLm model() {
        return model;
    }

    private ExampleRows encoder(String call) {
        return new ExampleRows(model, maxLength, settings.longRows, settings.skipInvalid, options.preflight())
                .call("CausalLmTrainer." + call);
    }

    private LmFitReport run(String call, List<LmExample> train, Optional<List<LmExample>> validation) {
        model.requireOpen("CausalLmTrainer." + call);
        boolean resume = call.equals(RESUME);
        if (resume && settings.checkpoints.isEmpty()) {
            throw new IllegalStateException("CausalLmTrainer.resume: there are no checkpoints to go on from; expected"
                    + " checkpoints(Checkpoints.in(directory)) on the builder. Set it for fit as well.");
        }
        Problems problems = new Problems();
        ExampleRows encoder = encoder(call);
        List<TokenRow> learned = encoder.of(required(train, "train"), "train", problems);
        Optional<List<TokenRow>> given = validation.map(part -> encoder.of(part, "validation", problems));
        if (!problems.isEmpty()) {
            throw new IllegalArgumentException(problems.message("CausalLmTrainer." + call)
                    + (settings.skipInvalid ? "." : ". Correct them, or leave such examples out by skipInvalid()."));
        }
        Holdout.Split<TokenRow> split = given.map(part -> new Holdout.Split<>(learned, part))
                .orElseGet(() -> options.holdout().of(learned, TokenRow::kind));
        Optional<List<TokenRow>> held = Optional.of(split.validation()).filter(part -> !part.isEmpty());
        Preflight preflight = preflight(encoder, split);
        preflight.require("CausalLmTrainer." + call);
        preflight.notes().forEach(encoder::note);
        LmFitReport report = options.full()
                ? trainCopy(split.train(), held, encoder, resume)
                : trainAdapter(split.train(), held, encoder, resume);
        model.learned(report);
        return report;
    }

    private LmFitReport trainAdapter(
            List<TokenRow> learned, Optional<List<TokenRow>> held, ExampleRows encoder, boolean resume) {
        AdaptedSameDiff adapted = model.model();
        String name = settings.adapter;
        List<String> active = adapted.activeAdapters();
        boolean enabled = adapted.isEnabled();
        boolean known = adapted.adapterNames().contains(name);
        boolean fresh = !known || settings.replacing;
        if (!fresh && settings.configured) {
            AskedAdapter.requireSame(adapted, name, config, options.seed());
        }
        boolean trainable = known && adapted.isTrainable(name);
        Optional<Adapter> replaced = Optional.empty();
        if (known && fresh) {
            replaced = Optional.of(adapted.adapter(name));
            AskedAdapter.remove(adapted, name);
        }
        Map<INDArray, INDArray> before = Map.of();
        try {
            if (fresh) {
                adapted.addAdapter(name, config, options.seed());
            } else {
                encoder.note("the adapter " + MessageText.name(name) + " was there and goes on learning");
            }
            adapted.enable();
            adapted.activate(name);
            adapted.setTrainable(name, true);
            before = values(adapted);
            return train(model, recomputed(adapted), before, learned, held, encoder, resume);
        } catch (RuntimeException | Error e) {
            restore(before);
            if (fresh && adapted.adapterNames().contains(name)) {
                AskedAdapter.remove(adapted, name);
            }
            replaced.ifPresent(adapter -> adapted.addAdapter(name, adapter));
            if (adapted.mergedAdapters().isEmpty()) {
                adapted.activate(active.toArray(String[]::new));
            }
            if (known) {
                adapted.setTrainable(name, trainable);
            }
            if (!enabled) {
                adapted.disable();
            }
            throw e;
        }
    }

    private LmFitReport trainCopy(
            List<TokenRow> learned, Optional<List<TokenRow>> held, ExampleRows encoder, boolean resume) {
        List<String> adapters =
                model.adapted().map(adapted -> adapted.adapterNames()).orElse(List.of());
        if (!adapters.isEmpty()) {
            throw new IllegalStateException(
                    "CausalLmTrainer.fit: all weights are to learn, and the model has the adapters "
                            + Problems.quoted(adapters)
                            + ", which were made for the weights as they are; expected none. Train"
                            + " model.base(), which has none, or remove them by model.model().removeAdapter(name).");
        }
        CausalLm copy = model.copy();
        Trainable all = allWeights(copy);
        LmFitReport report =
                train(copy, all, held.isPresent() ? values(all) : Map.of(), learned, held, encoder, resume);
        model.become(copy);
        return report;
    }

    private Trainable allWeights(CausalLm model) {
        DecoderWeights weights = model.weights();
        List<String> names = new ArrayList<>(weights.names());
        String head = weights.config().module(DecoderPart.HEAD, 0) + ".weight";
        if (weights.config().tied()) {
            names.add(head);
        }
        Trainable all = recomputed(TrainableGraph.of(model.model().base(), names));
        return weights.config().tied()
                ? new TiedWeights(all, weights.config().module(DecoderPart.WORDS, 0) + ".weight", head)
                : all;
    }

    private Trainable recomputed(Trainable trainable) {
        return settings.recomputing ? trainable.recomputingActivations() : trainable;
    }

    private static Map<INDArray, INDArray> values(Trainable trainable) {
        Map<INDArray, INDArray> values = new IdentityHashMap<>();
        for (TrainableParameter parameter : trainable.trainableParameters()) {
            values.put(parameter.value(), parameter.value().dup());
        }
        return values;
    }

    private static void restore(Map<INDArray, INDArray> values) {
        values.forEach(INDArray::assign);
    }

    private LmFitReport train(
            CausalLm learner,
            Trainable trainable,
            Map<INDArray, INDArray> start,
            List<TokenRow> learned,
            Optional<List<TokenRow>> held,
            ExampleRows encoder,
            boolean resume) {
        options.preflightOf(trainable).require("CausalLmTrainer.fit");
        List<String> notes = new ArrayList<>(encoder.notes());
        if (resume && settings.checkpoints.orElseThrow().isEmpty()) {
            notes.add("there was no checkpoint in "
                    + MessageText.path(settings.checkpoints.get().directory())
                    + ", so the run started at its beginning");
        }
        notes.forEach(note -> LOG.warn("CausalLmTrainer: {}", note));
        Optional<LmEvaluation> before = held.map(part -> score(learner, part));
        List<List<TokenRow>> rows = settings.packing
                ? SequencePacking.packed(learned, packedLength(learned))
                : SequencePacking.single(learned);
        TrainingPlan plan = options.plan(
                held.isPresent(),
                own -> own.clipping(GradientClipping.byGlobalNorm(1)).accumulation(settings.accumulation));
        Trainer.Builder builder =
                Trainer.builder(options.view().apply(trainable)).plan(plan);
        held.ifPresent(part -> builder.validation(Validation.lowerIsBetter(
                "loss per token", () -> score(learner, part).loss())));
        builder.guessingLoss(Math.log(model.vocabularySize()));
        settings.checkpoints.ifPresent(builder::checkpoints);
        options.listeners().forEach(builder::listener);
        builder.progress(options.progress("CausalLmTrainer.fit"));
        Trainer trainer = builder.build();
        TokenBatches batches =
                new TokenBatches(learner.weights().config(), DataType.FLOAT, rows, options.tokenBudget());
        TrainingResult result = resume ? trainer.resume(batches) : trainer.train(batches);
        Optional<LmEvaluation> after = held.map(part -> score(learner, part));
        boolean startKept =
                after.isPresent() && before.get().loss() < after.get().loss();
        if (startKept) {
            restore(start);
        }
        weightsChanged(learner);
        LmFitReport report = new LmFitReport(
                learned.size(),
                rows.size(),
                learned.stream().mapToLong(TokenRow::length).sum(),
                learned.stream().mapToLong(TokenRow::targets).sum(),
                encoder.skipped(),
                encoder.cut(),
                options.learningRate(),
                before,
                startKept ? before : after,
                startKept,
                result,
                List.copyOf(notes));
        if (!options.quiet()) {
            LOG.info("CausalLmTrainer: {}", report);
        }
        RunReceipt.requireChanged("CausalLmTrainer.fit", plan, report);
        Optional<String> adapter = options.full()
                ? Optional.empty()
                : Optional.of(model.model().snapshot(settings.adapter).contentHash());
        model.learned(
                options.full() ? CausalLm.ALL_WEIGHTS : settings.adapter,
                LmEvidence.of(adapter, learned, held, plan, options.seed(), report));
        return report;
    }

    private Preflight preflight(ExampleRows encoder, Holdout.Split<TokenRow> split) {
        Set<IntBuffer> known = new HashSet<>();
        split.train().forEach(row -> known.add(IntBuffer.wrap(row.ids())));
        long twice = split.validation().stream()
                .filter(row -> known.contains(IntBuffer.wrap(row.ids())))
                .count();
        Preflight found = encoder.preflight()
                .with(
                        twice > 0,
                        PreflightRule.IN_BOTH_PARTS,
                        twice
                                + " sequences of the validation part are in the training part, too, so its loss is too low");
        return model.tokenizerIfAny()
                .map(tokenizer -> found.showing(
                        LmPreview.of(
                                        tokenizer,
                                        first(split.train()),
                                        split.train().size())
                                .sequences()
                                .stream()
                                .map(Object::toString)
                                .toList()))
                .orElse(found);
    }

    private static List<TokenRow> first(List<TokenRow> rows) {
        return rows.subList(0, Math.min(SHOWN, rows.size()));
    }

    private void weightsChanged(CausalLm learner) {
        if (options.full()) {
            learner.weightsChanged();
        }
    }

    private LmEvaluation score(CausalLm learner, List<TokenRow> rows) {
        weightsChanged(learner);
        return LmScore.of(learner, rows);
    }

    private int packedLength(List<TokenRow> learned) {
        int longest = learned.stream().mapToInt(TokenRow::length).max().orElseThrow();
        return Math.max(longest, Math.min(maxLength, SHORTEST_PACK));
    }

    /**
     * Collects settings.
     *
     * @apiNote Status: stable
     */
    public static final class Builder extends FitSettings<Builder> {

        private static final int EPOCHS = 3;
        private static final int PATIENCE = 2;
        private static final int TOKEN_BUDGET = 2048;

        private final CausalLm model;
        private String adapter = AdaptedSameDiff.DEFAULT_ADAPTER;
        private int accumulation = 1;
        private Optional<Integer> maxLength = Optional.empty();
        private LongRows longRows = LongRows.REFUSE;
        private boolean packing = true;
        private boolean recomputing;
        private boolean skipInvalid;
        private boolean configured;
        private boolean replacing;
        private Optional<Checkpoints> checkpoints = Optional.empty();

        private Builder(CausalLm model) {
            super(EPOCHS, PATIENCE, TOKEN_BUDGET);
            this.model = Objects.requireNonNull(model, "CausalLmTrainer: model is null; expected a CausalLm");
        }

        @Override
        protected Builder self() {
            return this;
        }

        /**
         * The learning rate by default: {@code 5e-4 (2000 / hidden)^0.78} for an adapter, and a tenth of it if all weights learn: wide
         * models learn at smaller rates (the form is that of Schulman et al. 2025, LoRA Without Regret). At a hidden size of 64
         * that is 7.3e-3; of rates tried there, 3e-3 and 1e-2 were best, and 1e-3 for all weights. Rank, data and model matter, too: try
         * a third and three times of it.
         */
        @Override
        protected double defaultRate(boolean allWeights) {
            double hidden = model.weights().config().hidden();
            double rate = LORA_RATE * Math.pow(HIDDEN_OF_RATE / hidden, FALL_OF_RATE);
            return allWeights ? rate / 10 : rate;
        }

        /**
         * Sets the adapter that learns, of any method. If the model has an adapter of this {@link #adapterName} with the same config,
         * that one goes on learning; with another config, {@code fit} refuses it and says what differs.
         *
         * @see #replaceAdapter
         */
        @Override
        public Builder adapter(AdapterConfig config) {
            configured = true;
            return super.adapter(config);
        }

        /**
         * Starts with a fresh adapter, even if the model has one of this {@link #adapterName}: that one is given up.
         *
         * @return this
         */
        public Builder replaceAdapter() {
            replacing = true;
            return this;
        }

        /**
         * Sets the name of the adapter that learns, {@code default} by default. One that the model has goes on from its values, with
         * its own config, unless {@link #adapter} asks for another one, or {@link #replaceAdapter} for a fresh one.
         *
         * @param name the name
         * @return this
         */
        public Builder adapterName(String name) {
            adapter = Objects.requireNonNull(name, "adapterName: name is null; expected a name");
            return this;
        }

        /**
         * Sets how many batches make a step, 1 by default. Every token that is learned counts the same in them.
         *
         * @param batches 1 or more
         * @return this
         */
        public Builder accumulation(int batches) {
            accumulation = batches;
            return this;
        }

        /**
         * Sets the maximum number of tokens of an example, and of a piece of a long text: the context, but at most 1024, by default.
         *
         * @param tokens 2 to the context
         * @return this
         */
        public Builder maxLength(int tokens) {
            maxLength = Optional.of(tokens);
            return this;
        }

        /**
         * Sets what becomes of longer examples; by default they are refused.
         *
         * @param value what
         * @return this
         */
        public Builder longRows(LongRows value) {
            longRows = Objects.requireNonNull(value, "longRows is null; expected one such as LongRows.CUT_START");
            return this;
        }

        /**
         * Sets whether several examples share a row, as they do by default. The loss is the same; without it, examples of similar
         * length share a batch, and shorter ones are padded.
         *
         * @param value whether they do
         * @return this
         */
        public Builder packing(boolean value) {
            packing = value;
            return this;
        }

        /**
         * Computes activations again in the backward pass: less memory, the same gradients.
         *
         * @return this
         * @see Trainable#recomputingActivations
         */
        public Builder recomputing() {
            recomputing = true;
            return this;
        }

        /**
         * Leaves out examples that cannot be learned from, and counts them; by default they are errors.
         *
         * @return this
         */
        public Builder skipInvalid() {
            skipInvalid = true;
            return this;
        }

        /**
         * Has the run written down, so that {@link CausalLmTrainer#resume} can go on with it.
         *
         * @param value where and how often
         * @return this
         */
        public Builder checkpoints(Checkpoints value) {
            checkpoints = Optional.of(Objects.requireNonNull(value, "checkpoints is null; expected Checkpoints"));
            return this;
        }

        /**
         * Makes the trainer.
         *
         * @return the trainer
         * @throws IllegalArgumentException if a setting is out of its range; the message lists every problem
         */
        public CausalLmTrainer build() {
            Problems problems = new Problems();
            check(problems);
            problems.throwIfAny("CausalLmTrainer");
            return new CausalLmTrainer(copy(), options());
        }

        @Override
        protected void check(Problems problems) {
            super.check(problems);
            problems.atLeast("accumulation", accumulation, 1);
            problems.check(
                    maxLength() >= 2 && maxLength() <= model.contextLength(),
                    "maxLength = " + maxLength() + ", expected 2 to the context of " + model.contextLength());
        }

        private int maxLength() {
            return maxLength.orElse(Math.min(model.contextLength(), LONGEST_BY_DEFAULT));
        }

        private Builder copy() {
            Builder copy = new Builder(model);
            copy.adapter = adapter;
            copy.accumulation = accumulation;
            copy.maxLength = maxLength;
            copy.longRows = longRows;
            copy.packing = packing;
            copy.recomputing = recomputing;
            copy.skipInvalid = skipInvalid;
            copy.configured = configured;
            copy.replacing = replacing;
            copy.checkpoints = checkpoints;
            return copy;
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.report;

import java.util.ArrayList;
import java.util.Arrays;
import java.util.List;
import org.lora4j.error.Arguments;
import org.lora4j.error.Problems;
import org.lora4j.language.CausalLm;
import org.lora4j.language.Generation;
import org.lora4j.language.GenerationConfig;
import org.lora4j.train.EpochReport;
import org.lora4j.train.RunListener;
import org.lora4j.train.TrainingStart;

/**
 * Has a language model go on with the same prompts before its training and after each epoch:
 *
 * <pre>{@code
 * SampleListener samples = SampleListener.of(model, GenerationConfig.greedy(30), "Once upon a time");
 * LmFitReport fit = CausalLmTrainer.builder(model).listener(samples).build().fit(examples);
 * TrainingReport.of(fit).withSamples(samples.samples()).write(Path.of("report.html"));
 * }</pre>
 *
 * <p>For adapters: of a training of all weights, which learns in a copy, the model that the listener has would say what it said before, so
 * such a run ends at its start.
 *
 * <p><b>Costs.</b> What generating costs, once more than there are epochs. <b>State.</b> Of one run at a time; a new one starts anew.
 *
 * @apiNote Status: experimental
 */
public final class SampleListener implements RunListener {

    private final CausalLm model;
    private final GenerationConfig config;
    private final List<String> prompts;
    private final List<TextSample> samples = new ArrayList<>();

    private SampleListener(CausalLm model, GenerationConfig config, List<String> prompts) {
        this.model = model;
        this.config = config;
        this.prompts = prompts;
    }

    /**
     * Makes a listener.
     *
     * @param model the model that learns
     * @param config how to go on, best without chance, such as {@code GenerationConfig.greedy(30)}
     * @param prompts one or more
     * @return the listener
     * @throws IllegalArgumentException if there is no prompt
     */
    public static SampleListener of(CausalLm model, GenerationConfig config, String... prompts) {
        Arguments.required(model, "SampleListener.of: model", "the model that learns");
        Arguments.required(config, "SampleListener.of: config", "how to go on");
        Arguments.required(prompts, "SampleListener.of: prompts", "texts");
        List<String> all = Arguments.allRequired(Arrays.asList(prompts), "SampleListener.of: prompts", "a text");
        Problems problems = new Problems();
        problems.atLeast("number of prompts", all.size(), 1);
        problems.throwIfAny("SampleListener.of");
        return new SampleListener(model, config, List.copyOf(all));
    }

    @Override
    public void onTrainingStart(TrainingStart start) {
        if (model.model().activeAdapters().isEmpty()) {
            throw new IllegalStateException(
                    "SampleListener: no adapter of the model is active, so its weights learn in a copy;"
                            + " expected an adapter that learns. Leave the listener out, and take samples after the training.");
        }
        samples.clear();
        sample(0);
    }

    @Override
    public void onEpochEnd(EpochReport report) {
        sample(report.epoch());
    }

    private void sample(int epoch) {
        List<Generation> texts = model.generate(prompts, config);
        for (int i = 0; i < texts.size(); i++) {
            samples.add(new TextSample(
                    epoch,
                    prompts.get(i / config.numReturnSequences()),
                    texts.get(i).text()));
        }
    }

    /**
     * What the model said so far in this run.
     *
     * @return epoch after epoch, in the order of the prompts; a copy
     */
    public List<TextSample> samples() {
        return List.copyOf(samples);
    }
}

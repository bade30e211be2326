/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo;

import java.io.IOException;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import java.util.stream.IntStream;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.train.ShuffledIndices;
import org.lora4j.train.StopReason;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.lora4j.tribuo.base.AdaptedBase;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.InputBinding;
import org.lora4j.tribuo.input.InputConverter;
import org.lora4j.tribuo.output.Loss;
import org.lora4j.tribuo.output.OutputBinding;
import org.lora4j.tribuo.output.OutputConverter;
import org.lora4j.tribuo.output.OutputScale;
import org.tribuo.Dataset;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.MutableOutputInfo;
import org.tribuo.Output;

/**
 * One training run. It owns everything that it changes, so that runs side by side do not meet.
 *
 * @param base the base
 * @param config what to adapt
 * @param inputs converts features
 * @param outputs converts outputs
 * @param settings the trainer's numbers
 * @param random this run's own source
 */
record AdapterTraining<T extends Output<T>>(
        BaseNetwork base,
        AdapterConfig config,
        InputConverter inputs,
        OutputConverter<T> outputs,
        TrainingSettings settings,
        SplittableRandom random) {

    /** A model from nothing, or from a saved adapter. */
    ModelParts<T> train(Dataset<T> data) {
        ImmutableFeatureMap features = domain(data.getFeatureIDMap());
        ImmutableOutputInfo<T> domain = data.getOutputIDInfo();
        Optional<SavedAdapter> saved = settings.initialAdapter().map(AdapterTraining::load);
        Map<String, OutputScale> scales = new LinkedHashMap<>(outputs.scales(domain, data));
        saved.ifPresent(adapter -> scales.putAll(adapter.scales()));
        return run(data, features, domain, scales, saved.map(SavedAdapter::start));
    }

    private static SavedAdapter load(Path directory) {
        try {
            return SavedAdapter.load(directory);
        } catch (IOException e) {
            throw new IllegalArgumentException("LoraTrainer: initialAdapter: " + e.getMessage(), e);
        }
    }

    /** A model that goes on where another one ended, for the outputs and features of both. */
    ModelParts<T> trainOn(Dataset<T> data, LoraModel<T> model) {
        ImmutableFeatureMap features = domain(FeatureDomains.union(model.getFeatureIDMap(), data.getFeatureIDMap()));
        MutableOutputInfo<T> union = model.getOutputIDInfo().generateMutableOutputInfo();
        data.forEach(example -> union.observe(example.getOutput()));
        ImmutableOutputInfo<T> domain = union.generateImmutableOutputInfo();
        Map<String, OutputScale> scales = new LinkedHashMap<>(model.parts().scales());
        if (!scales.keySet().containsAll(outputs.names(domain)) && !scales.isEmpty()) {
            outputs.scales(domain, data).forEach(scales::putIfAbsent);
        }
        Hosting.Start start = new Hosting.Start(model.adapter(), model.parts().rows());
        return run(data, features, domain, scales, Optional.of(start));
    }

    private ImmutableFeatureMap domain(ImmutableFeatureMap domain) {
        return settings.widenDomain() ? FeatureDomains.widened(domain, inputs.featureNames(domain)) : domain;
    }

    private ModelParts<T> run(
            Dataset<T> data,
            ImmutableFeatureMap features,
            ImmutableOutputInfo<T> domain,
            Map<String, OutputScale> scales,
            Optional<Hosting.Start> start) {
        HeadMode mode = settings.headMode();
        List<String> rows = mode == HeadMode.REUSE ? settings.outputNames() : outputs.names(domain);
        InputBinding input = inputs.bind(features, base.inputs());
        OutputBinding<T> output = outputs.bind(domain, rows, scales);
        Prepared<T> prepared = Prepared.of(data, input, output);
        prepared.requireWeight();

        AdaptedBase host = Hosting.base(base, mode, rows.size(), outputs.loss());
        long adapterSeed = random.nextLong();
        start.ifPresentOrElse(
                from -> Hosting.onward(host, mode, from, rows, adapterSeed),
                () -> Hosting.fresh(host, mode, config, rows, adapterSeed));
        host.during(() -> optimise(host, input, prepared, rows.size()));
        Adapter adapter = Hosting.adapter(host);
        return new ModelParts<>(base, adapter, inputs, outputs, rows, scales, features, domain, settings);
    }

    private void optimise(AdaptedBase host, InputBinding input, Prepared<T> all, int outputCount) {
        long splitSeed = random.nextLong();
        long planSeed = random.nextLong();
        int held = (int) Math.round(settings.validationFraction() * all.size());
        boolean validates = settings.validationFraction() > 0;
        if (validates && (held == 0 || held == all.size())) {
            throw new IllegalArgumentException(
                    "LoraTrainer: validationFraction = " + settings.validationFraction() + " of " + all.size()
                            + " examples are " + held + "; expected 1 or more, and some left to learn from.");
        }
        int[] order = validates
                ? ShuffledIndices.of(all.size(), splitSeed, 0)
                : IntStream.range(0, all.size()).toArray();
        Prepared<T> validation = all.at(IntStream.of(order).limit(held).toArray());
        Prepared<T> training = all.at(IntStream.of(order).skip(held).toArray());
        training.requireWeight();

        // A softmax of one output is 1 whatever it is fed: there is nothing to learn, which is no mistake.
        boolean mayStandStill = outputCount == 1 && outputs.loss() == Loss.SOFTMAX_CROSS_ENTROPY;
        Trainer.Builder trainer =
                Trainer.builder(host.trainable()).plan(settings.plan(host.head(), planSeed, validates, mayStandStill));
        if (validates) {
            trainer.validation(Validation.lowerIsBetter(
                    "validation loss",
                    () -> validation.loss(host, input, outputs.loss(), settings.predictionBatchSize())));
        }
        if (settings.loggingInterval() > 0) {
            trainer.listener(new StepLog(settings.loggingInterval()));
        }
        TrainingResult result =
                trainer.build().train(training.batches(host, input, settings.batchSize(), settings.shuffle()));
        if (result.stopReason() == StopReason.INTERRUPTED) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("LoraTrainer: the thread was interrupted after " + result.steps()
                    + " steps; expected to train to the end. No model was made.");
        }
    }
}

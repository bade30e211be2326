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
import org.lora4j.train.RunReceipt;
import org.lora4j.train.ShuffledIndices;
import org.lora4j.train.StopReason;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.TrainingResult;
import org.lora4j.train.Validation;
import org.lora4j.tribuo.base.AdaptedBase;
import org.lora4j.tribuo.input.InputBinding;
import org.lora4j.tribuo.output.Loss;
import org.lora4j.tribuo.output.OutputBinding;
import org.lora4j.tribuo.output.OutputScale;
import org.lora4j.trust.DataHashes;
import org.lora4j.trust.Receipt;
import org.tribuo.Dataset;
import org.tribuo.ImmutableFeatureMap;
import org.tribuo.ImmutableOutputInfo;
import org.tribuo.MutableOutputInfo;
import org.tribuo.Output;
import org.tribuo.Tribuo;

/**
 * One training run. It owns everything that it changes, so that runs side by side do not meet.
 *
 * @param trainer what is configured
 * @param random this run's own source
 */
record AdapterTraining<T extends Output<T>>(LoraTrainer<T> trainer, SplittableRandom random) {

    private static final String TASK = "LoraTrainer";

    /** A model from nothing, or from a saved adapter. */
    ModelParts<T> train(Dataset<T> data) {
        ImmutableFeatureMap features = domain(data.getFeatureIDMap());
        ImmutableOutputInfo<T> domain = data.getOutputIDInfo();
        Optional<SavedAdapter> saved =
                Optional.ofNullable(trainer.initialAdapter).map(AdapterTraining::load);
        Map<String, OutputScale> scales = new LinkedHashMap<>(trainer.outputConverter.scales(domain, data));
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
        if (!scales.keySet().containsAll(trainer.outputConverter.names(domain)) && !scales.isEmpty()) {
            trainer.outputConverter.scales(domain, data).forEach(scales::putIfAbsent);
        }
        Hosting.Start start = new Hosting.Start(model.adapter(), model.parts().rows());
        return run(data, features, domain, scales, Optional.of(start));
    }

    private ImmutableFeatureMap domain(ImmutableFeatureMap domain) {
        return trainer.widenDomain
                ? FeatureDomains.widened(domain, trainer.inputConverter.featureNames(domain))
                : domain;
    }

    private ModelParts<T> run(
            Dataset<T> data,
            ImmutableFeatureMap features,
            ImmutableOutputInfo<T> domain,
            Map<String, OutputScale> scales,
            Optional<Hosting.Start> start) {
        HeadMode mode = trainer.headMode;
        List<String> rows = mode == HeadMode.REUSE ? trainer.outputNames : trainer.outputConverter.names(domain);
        InputBinding input = trainer.inputConverter.bind(features, trainer.base.inputs());
        OutputBinding<T> output = trainer.outputConverter.bind(domain, rows, scales);
        Prepared<T> prepared = Prepared.of(data, input, output);
        prepared.requireWeight();

        AdaptedBase host = Hosting.base(trainer.base, mode, rows.size(), trainer.outputConverter.loss());
        long adapterSeed = random.nextLong();
        start.ifPresentOrElse(
                from -> Hosting.onward(host, mode, from, rows, adapterSeed),
                () -> Hosting.fresh(host, mode, trainer.spec.config(), rows, adapterSeed));
        Run[] run = new Run[1];
        host.during(() -> run[0] = optimise(host, input, prepared, rows.size(), start.isEmpty()));
        Adapter adapter = Hosting.adapter(host);
        // What the loop noted, in the words of Tribuo.
        Optional<Receipt> receipt = adapter.receipt().map(noted -> receipt(noted, run[0].data()));
        return new ModelParts<>(
                trainer,
                run[0].result(),
                receipt.map(adapter::withReceipt).orElse(adapter),
                rows,
                scales,
                features,
                domain);
    }

    /** What a run did, and with what. */
    private record Run(TrainingResult result, Map<String, DataHashes> data) {}

    private Receipt receipt(Receipt noted, Map<String, DataHashes> data) {
        Map<String, String> hashes = new LinkedHashMap<>(noted.hashes());
        hashes.put(Receipt.BASE, trainer.base.reference().contentHash());
        Map<String, Object> libraries = new LinkedHashMap<>(noted.libraries());
        libraries.put("tribuo", Tribuo.VERSION);
        return new Receipt(
                TASK,
                hashes,
                data,
                noted.config(),
                noted.plan(),
                trainer.seed,
                noted.result(),
                noted.checks(),
                libraries,
                noted.envelope(),
                // Times stand in the provenance.
                Map.of());
    }

    private Run optimise(AdaptedBase host, InputBinding input, Prepared<T> all, int outputCount, boolean fresh) {
        long splitSeed = random.nextLong();
        long planSeed = random.nextLong();
        TrainingSettings settings = new TrainingSettings(trainer);
        int held = (int) Math.round(trainer.validationFraction * all.size());
        boolean validates = settings.validates();
        if (validates && (held == 0 || held == all.size())) {
            throw new IllegalArgumentException(
                    "LoraTrainer: validationFraction = " + trainer.validationFraction + " of " + all.size()
                            + " examples are " + held + "; expected 1 or more, and some left to learn from.");
        }
        int[] order = validates
                ? ShuffledIndices.of(all.size(), splitSeed, 0)
                : IntStream.range(0, all.size()).toArray();
        Prepared<T> validation = all.at(IntStream.of(order).limit(held).toArray());
        Prepared<T> training = all.at(IntStream.of(order).skip(held).toArray());
        training.requireWeight();

        // A softmax of one output is 1 whatever it is fed: there is nothing to learn, which is no mistake.
        boolean mayStandStill = outputCount == 1 && trainer.outputConverter.loss() == Loss.SOFTMAX_CROSS_ENTROPY;
        settings.options().preflightOf(host.trainable()).require("LoraTrainer.train");
        TrainingPlan plan = settings.plan(host.head(), planSeed, mayStandStill);
        Trainer.Builder run = Trainer.builder(host.trainable()).plan(plan);
        if (validates) {
            run.validation(Validation.lowerIsBetter(
                    "validation loss",
                    () -> validation.loss(host, input, trainer.outputConverter.loss(), trainer.predictionBatchSize)));
        }
        if (trainer.loggingInterval > 0) {
            run.listener(new StepLog(trainer.loggingInterval));
        }
        TrainingResult result = run.build().train(training.batches(host, input, trainer.batchSize, trainer.shuffle));
        if (result.stopReason() == StopReason.INTERRUPTED) {
            Thread.currentThread().interrupt();
            throw new IllegalStateException("LoraTrainer: the thread was interrupted after " + result.steps()
                    + " steps; expected to train to the end. No model was made.");
        }
        if (fresh) {
            // One that was trained before may be right as it is.
            RunReceipt.requireChanged("LoraTrainer.train", plan, result);
        }
        Map<String, DataHashes> data = new LinkedHashMap<>();
        data.put(Receipt.TRAIN, training.hashes());
        if (validates) {
            data.put(Receipt.VALIDATION, validation.hashes());
        }
        return new Run(result, data);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.util.ArrayList;
import java.util.Iterator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.exec.GraphExecutor;
import org.lora4j.exec.onednn.OneDnn;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.pretrained.EncodedBatch;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.datasource.ListDataSource;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/**
 * The same work in processes that were started in different ways: as a user starts Java, with the guide's code; or with the
 * environment, and the calls, that were found to be fastest by hand.
 */
final class DefaultsTeam {

    /** What is timed. */
    enum Work {
        /** An epoch of texts. */
        TEXTS,
        /** Outputs of texts. */
        OUTPUT,
        /** The same by the executor of training. */
        EXECUTOR,
        /** Steps of a network of Deeplearning4j. */
        NETWORK,
        /** A trainer of Tribuo. */
        TRIBUO
    }

    private static final int EVERY = 4;
    private static final int LONGEST = 64;
    private static final int TOKENS = 640;
    private static final int TEXTS = 2000;
    private static final int BATCH = 256;
    private static final int STEPS = 4;
    private static final int FEATURES = 64;
    private static final int EXAMPLES = 2000;
    private static final long SEED = 42;

    private final String prefix;
    private final UnaryOperator<Trainable> tuning;

    private DefaultsTeam(String prefix, UnaryOperator<Trainable> tuning) {
        this.prefix = prefix;
        this.tuning = tuning;
    }

    static String key(String prefix, Work work) {
        return prefix + "." + work.name().toLowerCase(java.util.Locale.ROOT);
    }

    /** Nothing is said but what the guide says. */
    static List<Contender> plain(String prefix, Predicate<String> wanted) throws IOException {
        return new DefaultsTeam(prefix, UnaryOperator.identity()).contenders(wanted);
    }

    /** As the quickstart of earlier versions did it. */
    static List<Contender> tuned(String prefix, Predicate<String> wanted) throws IOException {
        return new DefaultsTeam(
                        prefix,
                        model -> model.multipliedBy(OneDnn.orNd4j())
                                .inParallel(Runtime.getRuntime().availableProcessors()))
                .contenders(wanted);
    }

    private List<Contender> contenders(Predicate<String> wanted) throws IOException {
        List<TextExample> texts = WordNetGlosses.load(SEED).training();
        AdaptedSameDiff model = MiniLmModels.adapted(new MiniLmModels().shared(), MiniLmModels.ALL_LINEAR);
        Map<Work, Supplier<Contender>> makers = new LinkedHashMap<>();
        makers.put(Work.TEXTS, () -> epoch(tuning.apply(model), some(texts)));
        makers.put(
                Work.OUTPUT,
                () -> outputs(
                        Work.OUTPUT,
                        "output",
                        buckets(texts.subList(0, Math.min(TEXTS, texts.size()))),
                        batch -> model.output(batch, EncoderClassifier.LOGITS)));
        GraphExecutor executor = tuning.apply(model).executor();
        makers.put(
                Work.EXECUTOR,
                () -> outputs(
                        Work.EXECUTOR,
                        "executor().output",
                        buckets(texts.subList(0, Math.min(TEXTS, texts.size()))),
                        batch -> executor.output(batch, List.of(EncoderClassifier.LOGITS))));
        makers.put(Work.NETWORK, this::network);
        makers.put(Work.TRIBUO, this::tribuo);
        List<Contender> contenders = new ArrayList<>();
        makers.forEach((work, maker) -> {
            if (wanted.test(key(prefix, work))) {
                contenders.add(maker.get());
            }
        });
        return contenders;
    }

    private static List<TextExample> some(List<TextExample> all) {
        List<TextExample> some = new ArrayList<>();
        for (int i = 0; i < all.size(); i += EVERY) {
            some.add(all.get(i));
        }
        return some;
    }

    private static LengthBuckets buckets(List<TextExample> texts) {
        try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LONGEST)) {
            return LengthBuckets.of(texts, tokenizer, MiniLmBatch.CLASSES, texts.size())
                    .withTokenBudget(TOKENS);
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    private Contender epoch(Trainable model, List<TextExample> examples) {
        LengthBuckets texts = buckets(examples);
        TrainingPlan plan = TrainingPlan.builder()
                .epochs(1)
                .optimizer(AdamW.of(MiniLmModels.RATE))
                .seed(SEED)
                .build();
        return Contender.timed(
                key(prefix, Work.TEXTS),
                prefix + ": MiniLM, an epoch of " + examples.size() + " glosses",
                1,
                () -> Trainer.builder(model).plan(plan).build().train(texts.batches()));
    }

    private Contender outputs(
            Work work,
            String name,
            LengthBuckets texts,
            java.util.function.Function<Map<String, INDArray>, Map<String, INDArray>> output) {
        return Contender.timed(key(prefix, work), prefix + ": " + name + " of " + texts.size() + " texts", 1, () -> {
            for (Iterator<EncodedBatch> batches = texts.inOrder(); batches.hasNext(); ) {
                output.apply(batches.next().placeholders()).values().forEach(INDArray::close);
            }
        });
    }

    private Contender network() {
        MultiLayerNetwork network = MlpTeam.lowMemory().network();
        DataSet data = MlpTeam.data(BATCH);
        return Contender.timed(
                key(prefix, Work.NETWORK),
                prefix + ": Deeplearning4j, low memory, batch " + BATCH + ", step",
                STEPS,
                () -> network.fit(data));
    }

    private Contender tribuo() {
        SplittableRandom random = new SplittableRandom(SEED);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < FEATURES; i++) {
            names.add("f" + i);
        }
        LabelFactory factory = new LabelFactory();
        List<org.tribuo.Example<Label>> examples = new ArrayList<>();
        for (int i = 0; i < EXAMPLES; i++) {
            double[] values = random.doubles(FEATURES, -1, 1).toArray();
            examples.add(new ArrayExample<>(new Label("c" + i % 3), names.toArray(new String[0]), values));
        }
        MutableDataset<Label> data = new MutableDataset<>(
                new ListDataSource<>(examples, factory, new SimpleDataSourceProvenance("random", factory)));
        LoraTrainer<Label> trainer = LoraTrainer.builder(
                        BaseNetwork.of(MlpTeam.network(FEATURES)), new LabelConverter())
                .inputs(new DenseInputConverter(names))
                .spec(new LoraSpec(MiniLmModels.RANK, 2 * MiniLmModels.RANK))
                .epochs(1)
                .build();
        return Contender.timed(
                key(prefix, Work.TRIBUO),
                prefix + ": Tribuo, " + EXAMPLES + " examples through a perceptron",
                1,
                () -> trainer.train(data));
    }
}

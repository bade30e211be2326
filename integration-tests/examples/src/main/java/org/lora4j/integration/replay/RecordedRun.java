/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.replay;

import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.SplittableRandom;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.inputs.InputType;
import org.deeplearning4j.nn.conf.layers.ConvolutionLayer;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.conf.layers.SubsamplingLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.Lora;
import org.lora4j.config.LoraConfig;
import org.lora4j.config.ModuleSelector;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.integration.quickstart.MiniLm;
import org.lora4j.integration.wordnet.NounCategory;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.Llama2cCheckpoint;
import org.lora4j.language.LmExample;
import org.lora4j.model.AdaptedModel;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.HuggingFaceTextTokenizer;
import org.lora4j.pretrained.LengthBuckets;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Checkpoints;
import org.lora4j.train.DataSetPlaceholders;
import org.lora4j.train.LearningRateSchedule;
import org.lora4j.train.Trainable;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Warmup;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.output.LabelConverter;
import org.lora4j.tribuo.text.TokenIdPipeline;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.data.text.impl.TextFeatureExtractorImpl;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/** Runs that are recorded and trained again. */
enum RecordedRun {
    /** MiniLM learns the category of WordNet's nouns from their glosses: LoRA on all linear layers, by a trainer. */
    MINILM {
        @Override
        void train(Path data, Path folder, Optional<Checkpoints> checkpoints) throws IOException {
            LengthBuckets texts;
            try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LONGEST)) {
                List<TextExample> glosses = WordNetGlosses.load(SEED).training();
                texts = LengthBuckets.of(glosses, tokenizer, CATEGORIES, glosses.size())
                        .withTokenBudget(TOKENS);
            }
            LoraConfig config = LoraConfig.builder()
                    .rank(8)
                    .alpha(16)
                    .targetModules(ModuleSelector.allLinear())
                    .modulesToSave(EncoderClassifier.HEAD)
                    .build();
            AdaptedSameDiff model = Lora.inject(
                    EncoderClassifier.create(MiniLm.weights(), Pooling.MEAN, CATEGORIES, SEED)
                            .graph(),
                    config,
                    SEED);
            run(model, texts.batches(), 6, checkpoints);
            model.adapter(AdaptedModel.DEFAULT_ADAPTER).save(folder);
        }
    },
    /** stories260K, a Llama, learns definitions. */
    DECODER {
        @Override
        void train(Path data, Path folder, Optional<Checkpoints> checkpoints) throws IOException {
            Path published = data.resolve("stories260k");
            Path base = folder.resolveSibling("stories260k-base");
            if (!Files.exists(base)) {
                Llama2cCheckpoint.convert(published.resolve("stories260K.bin"), published.resolve("tok512.bin"), base);
            }
            List<LmExample> texts = glosses(200).stream()
                    .map(gloss -> LmExample.text(gloss.text()))
                    .toList();
            try (CausalLm model = CausalLm.load(base)) {
                CausalLmTrainer.builder(model)
                        .epochs(2)
                        .seed(SEED)
                        .quiet()
                        .build()
                        .fit(texts);
                model.save(folder);
            }
        }
    },
    /** A CNN of Deeplearning4j with random weights learns which quarter of an image is brightest. */
    NETWORK {
        @Override
        void train(Path data, Path folder, Optional<Checkpoints> checkpoints) throws IOException {
            LoraConfig config = LoraConfig.builder()
                    .rank(4)
                    .alpha(8)
                    .targetModules("conv", "dense")
                    .modulesToSave("head")
                    .build();
            AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(cnn(), config, SEED);
            run(model.trainable(DataSetPlaceholders.of("image", "label")), images(), 3, checkpoints);
            model.adapter(AdaptedModel.DEFAULT_ADAPTER).save(folder);
        }
    },
    /** MiniLM learns the same by a trainer of Tribuo. */
    TRIBUO {
        @Override
        void train(Path data, Path folder, Optional<Checkpoints> checkpoints) throws IOException {
            try (HuggingFaceTextTokenizer tokenizer = MiniLm.tokenizer(LONGEST)) {
                TokenIdPipeline tokens = new TokenIdPipeline(tokenizer);
                LabelFactory factory = new LabelFactory();
                TextFeatureExtractorImpl<Label> extractor = new TextFeatureExtractorImpl<>(tokens);
                MutableDataset<Label> train =
                        new MutableDataset<>(new SimpleDataSourceProvenance("glosses", factory), factory);
                for (TextExample gloss : glosses(250)) {
                    train.add(extractor.extract(new Label(NounCategory.names().get(gloss.label())), gloss.text()));
                }
                LoraTrainer.builder(BaseNetwork.of(MiniLm.weights(), Pooling.NORMALIZED_MEAN), new LabelConverter())
                        .inputs(tokens.inputConverter())
                        .spec(new LoraSpec(8, 16))
                        .learningRate(1e-3)
                        .headLearningRate(5e-2)
                        .validationFraction(0.2)
                        .epochs(2)
                        .seed(SEED)
                        .build()
                        .train(train)
                        .exportAdapter(folder);
            }
        }
    };

    /** Of MiniLM, whose run has 834: twenty segments. */
    static final long STEPS_OF_A_SEGMENT = 42;

    private static final int CATEGORIES = NounCategory.names().size();
    private static final int LONGEST = 64;
    private static final int TOKENS = 320;
    private static final long SEED = 42;
    private static final int SIDE = 16;

    /** Trains and saves. */
    abstract void train(Path data, Path folder, Optional<Checkpoints> checkpoints) throws IOException;

    /** Whether its checkpoints are kept. */
    boolean hasCheckpoints() {
        return this == MINILM;
    }

    /** Some of all categories. */
    private static List<TextExample> glosses(int count) throws IOException {
        List<TextExample> all = WordNetGlosses.load(SEED).training();
        List<TextExample> some = new ArrayList<>();
        for (int i = 0; i < count; i++) {
            some.add(all.get((int) ((long) i * all.size() / count)));
        }
        return some;
    }

    private static void run(Trainable model, Batches batches, int epochs, Optional<Checkpoints> checkpoints) {
        Trainer.Builder builder = Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(epochs)
                        .optimizer(AdamW.of(1e-3))
                        .schedule(LearningRateSchedule.linear(Warmup.fraction(0.06)))
                        .seed(SEED)
                        .build())
                .quiet();
        checkpoints.ifPresent(builder::checkpoints);
        Trainer trainer = builder.build();
        trainer.preflight().require("RecordedRun");
        if (checkpoints.isPresent()) {
            trainer.resume(batches);
        } else {
            trainer.train(batches);
        }
    }

    private static MultiLayerNetwork cnn() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(SEED)
                .list()
                .layer(new ConvolutionLayer.Builder(3, 3).name("conv").nOut(8).build())
                .layer(new SubsamplingLayer.Builder()
                        .kernelSize(2, 2)
                        .stride(2, 2)
                        .build())
                .layer(new DenseLayer.Builder().name("dense").nOut(32).build())
                .layer(new OutputLayer.Builder(LossFunction.MCXENT)
                        .name("head")
                        .nOut(4)
                        .build())
                .setInputType(InputType.convolutional(SIDE, SIDE, 1))
                .build());
        network.init();
        return network;
    }

    private static Batches images() {
        SplittableRandom random = new SplittableRandom(SEED);
        List<Batch> batches = new ArrayList<>();
        for (int batch = 0; batch < 20; batch++) {
            INDArray images = Nd4j.zeros(DataType.FLOAT, 16, 1, SIDE, SIDE);
            INDArray labels = Nd4j.zeros(DataType.FLOAT, 16, 4);
            for (int i = 0; i < 16; i++) {
                int quarter = random.nextInt(4);
                labels.putScalar(i, quarter, 1);
                for (int y = 0; y < SIDE; y++) {
                    for (int x = 0; x < SIDE; x++) {
                        boolean bright = 2 * (2 * y / SIDE) + 2 * x / SIDE == quarter;
                        images.putScalar(new int[] {i, 0, y, x}, random.nextDouble() + (bright ? 0.5 : 0));
                    }
                }
            }
            batches.add(Batch.of(Map.of("image", images, "label", labels), 16));
        }
        return Batches.shuffled(batches);
    }
}

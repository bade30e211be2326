/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.tribuo.docs;

import static org.assertj.core.api.Assertions.assertThat;

import com.oracle.labs.mlrg.olcut.config.ConfigurationManager;
import com.oracle.labs.mlrg.olcut.util.Pair;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.HashMap;
import java.util.List;
import java.util.Map;
import java.util.regex.Matcher;
import java.util.regex.Pattern;
import org.deeplearning4j.util.ModelSerializer;
import org.junit.jupiter.api.BeforeEach;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.pretrained.TextTokenizer;
import org.lora4j.report.PredictedLabels;
import org.lora4j.report.TrainingReport;
import org.lora4j.tribuo.Bases;
import org.lora4j.tribuo.Data;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.ModelFormat;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.base.BaseNetworks;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.lora4j.tribuo.text.TokenIdPipeline;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.tribuo.Dataset;
import org.tribuo.Example;
import org.tribuo.Excuse;
import org.tribuo.Model;
import org.tribuo.MutableDataset;
import org.tribuo.Trainer;
import org.tribuo.classification.Label;
import org.tribuo.classification.ensemble.VotingCombiner;
import org.tribuo.classification.evaluation.LabelEvaluation;
import org.tribuo.classification.evaluation.LabelEvaluator;
import org.tribuo.data.text.TextFeatureExtractor;
import org.tribuo.data.text.impl.TextFeatureExtractorImpl;
import org.tribuo.ensemble.BaggingTrainer;
import org.tribuo.ensemble.EnsembleModel;
import org.tribuo.evaluation.CrossValidation;

/** The examples of docs/tribuo.md. */
class TribuoGuideTest {

    @TempDir
    private Path folder;

    private final List<String> featureNames = Bases.FEATURES;
    private final Dataset<Label> train = Data.corners(10, 1, "a", "b", "c");
    private final Dataset<Label> test = Data.corners(10, 2, "a", "b", "c");
    private Path file;

    @BeforeEach
    void save() throws Exception {
        file = folder.resolve("base.zip");
        ModelSerializer.writeModel(Bases.mlp(4, 3, 1), file.toFile(), false);
    }

    @Test
    void aProgram() throws Exception {
        Path saved = folder.resolve("model.tribuo");

        BaseNetwork base = new BaseNetwork(file);
        LoraTrainer<Label> trainer = LoraTrainer.builder(base, new LabelConverter())
                .inputs(new DenseInputConverter(featureNames))
                .spec(new LoraSpec(4, 8))
                .learningRate(0.02)
                .epochs(20)
                .build();
        LoraModel<Label> model = trainer.train(train);

        LabelEvaluation evaluation = new LabelEvaluator().evaluate(model, test);
        model.serializeToFile(saved);

        assertThat(evaluation.accuracy()).isGreaterThan(0.9);
        report(model);
        saveAndLoad(model, saved);
        goOn(trainer, model, Data.corners(10, 3, "d"));
        ensembles(trainer);
    }

    private void report(LoraModel<Label> model) throws Exception {
        Path page = folder.resolve("report.html");

        List<String> truth = new ArrayList<>();
        List<Map<String, Double>> scores = new ArrayList<>();
        for (Example<Label> example : test) {
            Map<String, Double> ofLabels = new HashMap<>();
            model.predict(example).getOutputScores().forEach((name, label) -> ofLabels.put(name, label.getScore()));
            truth.add(example.getOutput().getLabel());
            scores.add(ofLabels);
        }
        TrainingReport.of(model.training().orElseThrow())
                .with(PredictedLabels.of(truth, scores))
                .write(page);

        assertThat(page).content().contains("Confusion", "Loss of each step");
    }

    private void ensembles(LoraTrainer<Label> trainer) {
        BaggingTrainer<Label> bagging = new BaggingTrainer<>(trainer, new VotingCombiner(), 3);
        EnsembleModel<Label> ensemble = bagging.train(train);

        assertThat(ensemble.getNumModels()).isEqualTo(3);
    }

    /** A recipe of docs/recipes.md. */
    @Test
    void crossValidation() throws Exception {
        LoraTrainer<Label> trainer = LoraTrainer.builder(new BaseNetwork(file), new LabelConverter())
                .inputs(new DenseInputConverter(featureNames))
                .epochs(2)
                .build();
        List<Double> accuracies = new ArrayList<>();
        // begin
        CrossValidation<Label, LabelEvaluation> folds =
                new CrossValidation<>(trainer, train, new LabelEvaluator(), 3, 1);
        for (Pair<LabelEvaluation, Model<Label>> fold : folds.evaluate()) {
            accuracies.add(fold.getA().accuracy());
        }
        // end
        assertThat(accuracies).hasSize(3);
    }

    private void saveAndLoad(LoraModel<Label> model, Path saved) throws Exception {
        Path whole = folder.resolve("whole.tribuo");
        Path directory = folder.resolve("adapter");
        Path plain = folder.resolve("plain.zip");

        LoraModel<Label> again =
                (LoraModel<Label>) Model.deserializeFromFile(saved).castModel(Label.class);
        model.withFormat(ModelFormat.SELF_CONTAINED).serializeToFile(whole);
        model.exportAdapter(directory);
        model.exportMerged(plain);

        assertThat(again.isAttached()).isTrue();
        assertThat(again.training()).isEmpty();
        assertThat(whole).exists();
        assertThat(directory).isDirectoryContaining("glob:**adapter_model.safetensors");
        assertThat(plain).exists();
    }

    @Test
    void saveAndLoad_inAnotherProcess() throws Exception {
        Path bases = folder;
        Path saved = folder.resolve("model.tribuo");
        Path whole = folder.resolve("whole.tribuo");
        SameDiff graph = Bases.sameDiff(4, 5);
        LoraModel<Label> model = LoraTrainer.builder(BaseNetwork.of(graph, "features"), new LabelConverter())
                .inputs(new DenseInputConverter(featureNames))
                .epochs(1)
                .build()
                .train(train);
        model.withFormat(ModelFormat.SELF_CONTAINED).serializeToFile(whole);
        model.serializeToFile(saved);
        String hash = model.baseContentHash();

        BaseNetworks.addSearchPath(bases);
        BaseNetworks.trust(hash);
        LoraModel<?> read = (LoraModel<?>) Model.deserializeFromFile(whole);

        assertThat(read.isAttached()).isTrue();
        assertThat(((LoraModel<?>) Model.deserializeFromFile(saved)).isAttached())
                .isTrue();
    }

    private static void goOn(LoraTrainer<Label> trainer, LoraModel<Label> model, Dataset<Label> moreData) {
        LoraModel<Label> grown = trainer.incrementalTrain(moreData, model);

        assertThat(grown.getOutputIDInfo().size()).isEqualTo(4);
    }

    @Test
    void texts() {
        BaseNetwork encoder = BaseNetwork.of(
                EncoderWeights.random(EncoderConfig.bert(1, 8, 2, 16, 130, 8, 2), 3, DataType.FLOAT), Pooling.MEAN);
        TextTokenizer tokenizer = new Letters();
        Map<String, String> texts = Map.of("good", "positive", "bad", "negative");
        MutableDataset<Label> data = Data.of();

        TokenIdPipeline pipeline = new TokenIdPipeline(tokenizer);
        TextFeatureExtractor<Label> extractor = new TextFeatureExtractorImpl<>(pipeline);
        texts.forEach((text, label) -> data.add(extractor.extract(new Label(label), text)));
        LoraTrainer<Label> trainer = LoraTrainer.builder(encoder, new LabelConverter())
                .inputs(pipeline.inputConverter())
                .build();

        assertThat(trainer.train(data).predict(data)).hasSize(2);
    }

    /** Characters as ids. */
    private static final class Letters implements TextTokenizer {

        @Override
        public int[] encode(String text) {
            return ("^" + text).chars().limit(maxLength()).toArray();
        }

        @Override
        public int maxLength() {
            return 8;
        }
    }

    @Test
    void configuration() throws Exception {
        Matcher xml = Pattern.compile("```xml\\n(.*?)```", Pattern.DOTALL).matcher(Files.readString(guide()));
        assertThat(xml.find()).isTrue();
        Path config = folder.resolve("lora.xml");
        Files.writeString(config, xml.group(1).replace("models/base.zip", file.toString()));

        Trainer<?> trainer = (Trainer<?>) new ConfigurationManager(config.toString()).lookup("lora");

        assertThat(trainer).isInstanceOf(LoraTrainer.class);
        assertThat(trainer.toString()).contains("learningRate=0.02", "schedule=LINEAR", "epochs=20", "seed=1");
    }

    private static Path guide() {
        Path root = Path.of("").toAbsolutePath();
        while (!Files.exists(root.resolve("docs/tribuo.md"))) {
            root = root.getParent();
        }
        return root.resolve("docs/tribuo.md");
    }

    @Test
    void anExcuse() throws Exception {
        LoraModel<Label> model = LoraTrainer.builder(new BaseNetwork(file), new LabelConverter())
                .inputs(new DenseInputConverter(featureNames))
                .spec(new LoraSpec(4, 8))
                .build()
                .train(train);
        Example<Label> example = test.getExample(0);

        Excuse<Label> excuse = model.getExcuse(example).orElseThrow();
        String label = excuse.getPrediction().getOutput().getLabel();
        List<Pair<String, Double>> features = excuse.getScores().get(label); // the one that adds most first

        assertThat(features).hasSize(4);
    }
}

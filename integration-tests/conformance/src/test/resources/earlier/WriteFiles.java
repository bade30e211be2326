/* SPDX-License-Identifier: Apache-2.0 */
import java.io.IOException;
import java.io.ObjectOutputStream;
import java.io.OutputStream;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Optional;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.IntFunction;
import java.util.function.UnaryOperator;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.StorageType;
import org.lora4j.config.*;
import org.lora4j.continual.ForgettingReport;
import org.lora4j.continual.TaskRouter;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.export.CausalLmExport;
import org.lora4j.export.HuggingFaceExport;
import org.lora4j.format.DType;
import org.lora4j.format.safetensors.SafetensorsWriter;
import org.lora4j.format.safetensors.TensorSource;
import org.lora4j.internal.array.io.ArrayBytes;
import org.lora4j.internal.array.io.ElementCodec;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmTrainer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmExample;
import org.lora4j.multitask.MultiTaskConfig;
import org.lora4j.multitask.MultiTaskModel;
import org.lora4j.multitask.Task;
import org.lora4j.multitask.TaskLabels;
import org.lora4j.pretrained.EncoderConfig;
import org.lora4j.pretrained.EncoderWeights;
import org.lora4j.pretrained.Pooling;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.text.*;
import org.lora4j.train.*;
import org.lora4j.tribuo.Bases;
import org.lora4j.tribuo.Data;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.ModelFormat;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;
import org.tribuo.classification.Label;

/** Wrote the files beside it, with the library of the commit in README.md. It is kept to be read, and is not run again. */
public final class WriteFiles {

    private static final List<String> NUMBERS = new ArrayList<>();
    private static Path root;

    public static void main(String[] args) throws Exception {
        root = Files.createDirectories(Path.of(args[0]));
        Path tokenizer = Path.of(args[1]);
        graphs();
        checkpoints();
        networks();
        texts();
        language(tokenizer);
        several();
        inARow();
        tribuo();
        Files.write(root.resolve("numbers.txt"), NUMBERS);
    }

    private static void numbers(String name, double... values) {
        StringBuilder line = new StringBuilder(name);
        for (double value : values) {
            line.append(' ').append((float) value);
        }
        NUMBERS.add(line.toString());
    }

    private static void numbers(String name, INDArray array) {
        numbers(name, array.dup('c').data().asDouble());
    }

    private static void numbers(String name, float[] values) {
        double[] wide = new double[values.length];
        for (int i = 0; i < wide.length; i++) {
            wide[i] = values[i];
        }
        numbers(name, wide);
    }

    private static Path folder(String name) throws IOException {
        return Files.createDirectories(root.resolve(name));
    }

    /** Numbers without a generator. */
    private static INDArray waves(int from, long... shape) {
        INDArray array = Nd4j.create(DataType.FLOAT, shape);
        for (long i = 0; i < array.length(); i++) {
            array.putScalar(i, Math.sin(0.7 * (i + from) + 0.3));
        }
        return array;
    }

    /** Tokens of three, their mean, two dense layers with a normalization between them. */
    private static SameDiff graph() {
        SameDiff graph = SameDiff.create();
        SDVariable ids = graph.placeHolder("ids", DataType.INT, -1, 3);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, 2);
        SDVariable tokens = graph.gather(graph.constant("embed.weight", waves(1, 10, 8)), ids, 0);
        SDVariable one = tokens.mean(1)
                .mmul(graph.constant("fc1.weight", waves(2, 8, 8)))
                .add(graph.constant("fc1.bias", waves(3, 8)));
        SDVariable normal = graph.nn().layerNorm(
                "norm", one, graph.constant("norm.weight", waves(4, 8)), graph.constant("norm.bias", waves(5, 8)), false, 1);
        SDVariable two = graph.math()
                .tanh(normal)
                .mmul(graph.constant("fc2.weight", waves(6, 8, 8)))
                .add(graph.constant("fc2.bias", waves(7, 8)));
        SDVariable logits = two.mmul(graph.constant("head.weight", waves(8, 8, 2)))
                .add("logits", graph.constant("head.bias", waves(9, 2)));
        graph.loss().softmaxCrossEntropy("loss", labels, logits, graph.constant("one", Nd4j.scalar(1f)));
        graph.setLossVariables("loss");
        return graph;
    }

    private static INDArray ids() {
        return Nd4j.createFromArray(new int[][] {{0, 1, 2}, {3, 4, 5}, {6, 7, 8}, {9, 1, 4}});
    }

    private static Batch batch() {
        INDArray labels = Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {1, 0}, {0, 1}});
        return Batch.of(Map.of("ids", ids(), "labels", labels), 4);
    }

    private static void train(Trainable model, int epochs) {
        TrainingPlan plan =
                TrainingPlan.builder().epochs(epochs).optimizer(AdamW.of(0.05)).build();
        Trainer.builder(model).plan(plan).build().train(Batches.inOrder(List.of(batch())));
    }

    private static Map<String, AdapterConfig> methods() {
        String[] both = {"fc1", "fc2"};
        Map<String, AdapterConfig> methods = new LinkedHashMap<>();
        LoraConfig lora = LoraConfig.builder().rank(2).alpha(4).targetModules(both).build();
        methods.put("lora", lora);
        methods.put("lora-options", lora.toBuilder().scalingRule(Scaling.RANK_STABILIZED).bias(BiasTraining.ALL).modulesToSave("head").build());
        methods.put("lora-embedding", lora.toBuilder().targetModules("embed", "fc1").build());
        methods.put("dora", lora.toBuilder().dora(true).build());
        methods.put("pissa", lora.toBuilder().initialization(Initialization.PISSA).build());
        methods.put("adalora", AdaLoraConfig.builder().targetRank(1).initialRank(2).schedule(1, 1, 1).totalSteps(4).targetModules(both).build());
        methods.put("ia3", Ia3Config.builder().targetModules(both).feedforwardModules("fc2").build());
        methods.put("loha", LohaConfig.builder().rank(2).alpha(2).targetModules(both).build());
        methods.put("lokr", LokrConfig.builder().rank(2).alpha(2).targetModules(both).build());
        methods.put("vera", VeraConfig.builder().rank(2).targetModules(both).build());
        methods.put("randlora", RandLoraConfig.builder().rank(2).targetModules(both).build());
        methods.put("oft", OftConfig.builder().blockSize(4).targetModules(both).build());
        methods.put("boft", BoftConfig.builder().blockSize(4).targetModules(both).build());
        methods.put("hira", HiraConfig.builder().rank(2).targetModules(both).build());
        methods.put("miss", MissConfig.builder().rank(2).targetModules(both).build());
        methods.put("c3a", C3aConfig.builder().blockSize(4).targetModules(both).build());
        methods.put("delora", DeloraConfig.builder().rank(2).targetModules(both).build());
        methods.put("gralora", GraloraConfig.builder().rank(2).targetModules(both).build());
        methods.put("hra", HraConfig.builder().rank(2).targetModules(both).build());
        methods.put("road", RoadConfig.builder().groupSize(2).targetModules(both).build());
        methods.put("shira", ShiraConfig.builder().rank(2).targetModules(both).build());
        methods.put("lntuning", LnTuningConfig.builder().targetModules("norm").build());
        return methods;
    }

    private static void graphs() throws IOException {
        Path graphs = folder("graph");
        graph().save(graphs.resolve("base.fb").toFile(), false);
        for (Map.Entry<String, AdapterConfig> method : methods().entrySet()) {
            AdaptedSameDiff model = Lora.inject(graph(), method.getValue(), 5);
            train(model, 4);
            model.adapter("default").save(graphs.resolve(method.getKey()));
            numbers("graph/" + method.getKey(), model.output(Map.of("ids", ids()), "logits").get("logits"));
            if (method.getKey().equals("lora")) {
                for (StorageType type : List.of(StorageType.F16, StorageType.BF16)) {
                    String name = "lora-" + type.name().toLowerCase(Locale.ROOT);
                    model.adapter("default").save(graphs.resolve(name), type);
                    AdaptedSameDiff again = Lora.load(graph(), graphs.resolve(name));
                    numbers("graph/" + name, again.output(Map.of("ids", ids()), "logits").get("logits"));
                }
                model.mergeAndUnload().save(graphs.resolve("merged.fb").toFile(), false);
            }
        }
    }

    /** A run that was interrupted after 3 of 6 steps, and what its parameters are at the end of one that was not. */
    private static void checkpoints() throws IOException {
        for (boolean stopped : new boolean[] {true, false}) {
            AdaptedSameDiff model = Lora.inject(graph(), methods().get("lora-options"), 5);
            TrainingPlan plan = TrainingPlan.builder()
                    .epochs(3)
                    .optimizer(AdamW.of(0.05))
                    .schedule(LearningRateSchedule.linear(Warmup.steps(1)))
                    .seed(3)
                    .build();
            Trainer.Builder trainer = Trainer.builder(model).plan(plan);
            if (stopped) {
                trainer.checkpoints(Checkpoints.in(folder("checkpoints").resolve("graph"))).listener(interruptAfter(3));
            }
            trainer.build().train(Batches.inOrder(List.of(batch(), batch())));
            Thread.interrupted();
            if (!stopped) {
                numbers("checkpoints/graph", model.output(Map.of("ids", ids()), "logits").get("logits"));
            }
        }
    }

    private static RunListener interruptAfter(int step) {
        return new RunListener() {
            @Override
            public void onStep(StepReport report) {
                if (report.step() == step) {
                    Thread.currentThread().interrupt();
                }
            }
        };
    }

    private static MultiLayerNetwork network() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(4)
                .updater(new Adam(0.01))
                .list()
                .layer(new DenseLayer.Builder().name("fc1").nIn(4).nOut(6).activation(Activation.TANH).build())
                .layer(new DenseLayer.Builder().name("fc2").nIn(6).nOut(6).activation(Activation.TANH).build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .name("out")
                        .nIn(6)
                        .nOut(3)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }

    private static DataSet data() {
        return new DataSet(waves(1, 3, 4), Nd4j.eye(3).castTo(DataType.FLOAT));
    }

    private static void networks() throws IOException {
        Path folder = folder("network");
        MultiLayerNetwork base = network();
        base.fit(data());
        ModelSerializer.writeModel(base, folder.resolve("base.zip").toFile(), true);
        for (String method : List.of("lora", "dora", "ia3", "vera", "loha", "oft")) {
            AdaptedNetwork<MultiLayerNetwork> model = Lora.inject(base, methods().get(method), 5);
            for (int i = 0; i < 5; i++) {
                model.network().fit(data());
            }
            model.save(folder.resolve(method + ".zip"));
            model.adapter("default").save(folder.resolve(method));
            numbers("network/" + method, model.network().output(waves(7, 2, 4)));
            if (method.equals("lora")) {
                ModelSerializer.writeModel(model.network(), folder.resolve("serializer.zip").toFile(), true);
                model.network().fit(data());
                numbers("network/trained-on", model.network().output(waves(7, 2, 4)));
            }
        }
    }

    private static TextEncoder tinyEncoder() {
        EncoderWeights weights = EncoderWeights.random(EncoderConfig.bert(2, 8, 2, 16, 36, 16, 2), 7, DataType.FLOAT);
        weights.tensors().forEach((name, array) -> {
            if (array.rank() == 2) {
                array.muli(10);
            }
        });
        return TextEncoder.of(weights, TinyEncoder.tokenizer(), Pooling.NORMALIZED_MEAN);
    }

    private static <T> List<T> twenty(IntFunction<T> example) {
        List<T> all = new ArrayList<>();
        for (int i = 0; i < 20; i++) {
            all.add(example.apply(i));
        }
        return all;
    }

    /** Five words, one for each bit. */
    private static String text(int i) {
        String[][] words = {{"good", "bad"}, {"film", "card"}, {"a", "the"}, {"is", "my"}, {"new", "in"}};
        StringBuilder text = new StringBuilder();
        for (int bit = 0; bit < 5; bit++) {
            text.append(words[bit][i >> bit & 1]).append(' ');
        }
        return text.toString().strip();
    }

    /** What no head over the mean of words can tell, so that the encoder learns. */
    private static int parity(int i) {
        return Integer.bitCount(i) % 2;
    }

    private static double[] scores(Prediction prediction) {
        return prediction.scores().values().stream().mapToDouble(score -> score).toArray();
    }

    private static final String[] KINDS = {"adapter", "head", "full"};


    /** The best epoch was often the one before the first, whose adapter does nothing: all that learns gets other values. */
    private static void disturb(String kind, TextTask<?, ?, ?, ?, ?> task) {
        if (kind.equals("adapter")) {
            for (TrainableParameter parameter : task.model().trainableParameters()) {
                INDArray value = parameter.value();
                value.addi(waves(11, value.shape()).muli(0.1));
            }
        }
    }

    private static void texts() throws IOException {
        Path folder = folder("text");
        HuggingFaceExport.of(tinyEncoder()).withoutHead().write(folder.resolve("encoder"));
        TextEncoder encoder = TextEncoder.load(folder.resolve("encoder"));
        numbers("text/encoder", encoder.embed("a very good film"));
        String good = "a very good film", bad = "the film is not good";
        for (String kind : KINDS) {
            TextClassifier.Builder classes = TextClassifier.builder(encoder).epochs(8).patience(8);
            TextClassifier.Builder several = TextClassifier.builder(encoder).epochs(8).patience(8).severalLabels();
            var pairs = PairClassifier.builder(encoder).epochs(8).patience(8);
            var tags = TokenClassifier.builder(encoder).epochs(8).patience(8);
            var regressor = TextRegressor.builder(encoder).epochs(8).patience(8);
            var ranker = ReRanker.builder(encoder).epochs(8).patience(8);
            SentenceEncoder.Builder sentences = SentenceEncoder.builder(encoder).epochs(8).patience(8);
            switch (kind) {
                case "adapter" -> {}
                case "head" -> {
                    classes.headOnly();
                    several.headOnly();
                    pairs.headOnly();
                    tags.headOnly();
                    regressor.headOnly();
                    ranker.headOnly();
                }
                default -> {
                    classes.fullFineTuning();
                    several.fullFineTuning();
                    pairs.fullFineTuning();
                    tags.fullFineTuning();
                    regressor.fullFineTuning();
                    ranker.fullFineTuning();
                    sentences.fullFineTuning();
                }
            }
            if (!kind.equals("head")) {
                // Saved is what the last epoch learned, not what the head knew before.
                UnaryOperator<TrainingPlan.Builder> last = plan -> plan.keepBest(false);
                classes.learningRate(0.01).plan(last);
                several.learningRate(0.01).plan(last);
                pairs.learningRate(0.01).plan(last);
                tags.learningRate(0.01).plan(last);
                regressor.learningRate(0.01).plan(last);
                ranker.learningRate(0.01).plan(last);
                sentences.learningRate(0.01).plan(last);
            }
            List<LabeledText> reviews = twenty(i -> new LabeledText(text(i), parity(i) == 0 ? "even" : "odd"));
            TextClassifier classifier = classes.build().fit(reviews, reviews);
            disturb(kind, classifier);
            classifier.save(folder.resolve("classifier-" + kind));
            numbers("text/classifier-" + kind, scores(classifier.predict(bad)));

            List<LabeledText> labels = twenty(i -> new LabeledText(
                    text(i), parity(i) == 0 ? i < 10 ? List.of("even", "low") : List.of("even") : i < 10 ? List.of("low") : List.of()));
            TextClassifier labeler = several.build().fit(labels, labels);
            disturb(kind, labeler);
            labeler.save(folder.resolve("labels-" + kind));
            numbers("text/labels-" + kind, scores(labeler.predict(good)));

            List<LabeledPair> couples = twenty(i -> new LabeledPair(text(i), text(7 * i % 32), parity(i) == 0 ? "yes" : "no"));
            PairClassifier pairer = pairs.build().fit(couples, couples);
            disturb(kind, pairer);
            pairer.save(folder.resolve("pairs-" + kind));
            numbers("text/pairs-" + kind, scores(pairer.predict(good, bad)));

            List<LabeledWords> words = twenty(i -> new LabeledWords(
                    List.of(text(i).split(" ")),
                    parity(i) == 0 ? List.of("B-thing", "I-thing", "O", "O", "O") : List.of("O", "O", "O", "B-place", "O")));
            TokenClassifier tagger = tags.build().fit(words, words);
            disturb(kind, tagger);
            tagger.save(folder.resolve("tags-" + kind));
            NUMBERS.add("text/tags-" + kind + " " + String.join(" ", tagger.predict("bad film a my new good card").tags()));

            List<ScoredText> rated = twenty(i -> new ScoredText(text(i), 100 + 50 * parity(i)));
            TextRegressor rater = regressor.build().fit(rated, rated);
            disturb(kind, rater);
            rater.save(folder.resolve("numbers-" + kind));
            numbers("text/numbers-" + kind, rater.predict(good), rater.predict(bad));

            List<ScoredPair> ranked = twenty(i -> new ScoredPair("where is my card", text(i), parity(i)));
            ReRanker reRanker = ranker.build().fit(ranked, ranked);
            disturb(kind, reRanker);
            reRanker.save(folder.resolve("ranker-" + kind));
            numbers("text/ranker-" + kind, reRanker.rank("where", List.of(good, bad)).stream().mapToDouble(ReRanker.Ranked::score).toArray());

            if (!kind.equals("head")) {
                List<SentenceExample> examples = twenty(i -> SentenceExample.pair(
                        List.of("good", "bad", "film", "card").get(i % 4) + " is", List.of("paris", "york", "rate", "pay").get(i % 4) + " the"));
                SentenceEncoder vectors = sentences.build().fit(examples, examples);
                vectors.save(folder.resolve("vectors-" + kind));
                numbers("text/vectors-" + kind, vectors.predict(good));
            }
        }
    }

    private static void language(Path tokenizer) throws IOException {
        Path folder = folder("language");
        Path directory = folder("language/model");
        llama(directory, tokenizer);
        List<LmExample> texts = List.of(
                LmExample.text("Once upon a time there was a cat."),
                LmExample.text("The dog and the cat played in the park."),
                LmExample.text("Tim had a big red ball."));
        int[] ids;
        try (CausalLm model = CausalLm.load(directory)) {
            ids = model.tokenizer().encode("Once upon a time");
            numbers("language/model", model.logProbabilities(ids));
            CausalLmTrainer.builder(model)
                    .lora(LoraConfig.builder().rank(2).alpha(4).targetModules("q_proj", "v_proj", "down_proj").build())
                    .epochs(3)
                    .learningRate(0.02)
                    .build()
                    .fit(texts);
            numbers("language/adapter", model.logProbabilities(ids));
            NUMBERS.add("language/text " + model.generate("Once upon", GenerationConfig.greedy(8)).text());
            model.model().adapter("default").save(folder.resolve("adapter"));
        }
        CausalLmExport.of(directory).adapter(Adapter.load(folder.resolve("adapter"))).write(folder.resolve("merged"));
        for (boolean stopped : new boolean[] {true, false}) {
            try (CausalLm model = CausalLm.load(directory)) {
                CausalLmTrainer.Builder trainer = CausalLmTrainer.builder(model)
                        .lora(LoraConfig.builder().rank(2).alpha(4).targetModules("q_proj", "v_proj").build())
                        .epochs(4)
                        .tokenBudget(40)
                        .maxLength(40)
                        .learningRate(0.02);
                if (stopped) {
                    trainer.checkpoints(Checkpoints.in(folder("checkpoints").resolve("language"))).listener(interruptAfter(3));
                }
                trainer.build().fit(texts, texts);
                Thread.interrupted();
                if (!stopped) {
                    numbers("checkpoints/language", model.logProbabilities(ids));
                }
            }
        }
    }

    private static void llama(Path directory, Path tokenizer) throws IOException {
        Files.writeString(directory.resolve("config.json"), """
                {"model_type": "llama", "vocab_size": 512, "hidden_size": 16, "intermediate_size": 24,
                 "num_hidden_layers": 1, "num_attention_heads": 2, "num_key_value_heads": 1, "hidden_act": "silu",
                 "max_position_embeddings": 48, "rms_norm_eps": 1e-5, "tie_word_embeddings": true,
                 "bos_token_id": 1, "eos_token_id": 2}
                """);
        for (String file : List.of("tokenizer.json", "tokenizer_config.json", "special_tokens_map.json")) {
            Files.copy(tokenizer.resolve(file), directory.resolve(file));
        }
        Random random = new Random(11);
        List<TensorSource> tensors = new ArrayList<>();
        String layer = "model.layers.0.";
        add(tensors, random, "model.embed_tokens.weight", 512, 16);
        add(tensors, random, layer + "self_attn.q_proj.weight", 16, 16);
        add(tensors, random, layer + "self_attn.k_proj.weight", 8, 16);
        add(tensors, random, layer + "self_attn.v_proj.weight", 8, 16);
        add(tensors, random, layer + "self_attn.o_proj.weight", 16, 16);
        add(tensors, random, layer + "mlp.gate_proj.weight", 24, 16);
        add(tensors, random, layer + "mlp.up_proj.weight", 24, 16);
        add(tensors, random, layer + "mlp.down_proj.weight", 16, 24);
        for (String norm : List.of(layer + "input_layernorm", layer + "post_attention_layernorm", "model.norm")) {
            tensors.add(ArrayBytes.source(norm + ".weight", Nd4j.ones(16), ElementCodec.exactFor(DataType.FLOAT)));
        }
        SafetensorsWriter.write(directory.resolve("model.safetensors"), tensors, Map.of("format", "pt"));
    }

    private static void add(List<TensorSource> tensors, Random random, String name, int rows, int columns) {
        float[] values = new float[rows * columns];
        for (int i = 0; i < values.length; i++) {
            values[i] = (float) (random.nextGaussian() / Math.sqrt(columns));
        }
        tensors.add(ArrayBytes.source(
                name, Nd4j.create(values, new long[] {rows, columns}, 'c'), ElementCodec.of(DType.F16).orElseThrow()));
    }

    /** Several tasks at once: two heads over one base. */
    private static void several() throws IOException {
        Path folder = folder("multitask");
        SameDiff first = SameDiff.load(root.resolve("graph/base.fb").toFile(), false);
        List<Task> tasks = List.of(
                new Task("animals", graph(), List.of("head"), Optional.of(new TaskLabels(List.of("cat", "dog")))),
                new Task("colors", first, List.of("head"), Optional.of(new TaskLabels(List.of("red", "blue")))));
        MultiTaskConfig config = MultiTaskConfig.builder()
                .shared(LoraConfig.builder().rank(2).alpha(4).targetModules("fc1", "fc2").build())
                .specific(LoraConfig.builder().rank(1).alpha(3).targetModules("fc2").build())
                .experts(2, LoraConfig.builder().rank(1).alpha(2).targetModules("fc1").build(), MultiTaskConfig.Gate.TASK)
                .build();
        MultiTaskModel model = MultiTaskModel.create(config, tasks, 1);
        SplittableRandom random = new SplittableRandom(3);
        for (String task : model.tasks()) {
            for (TrainableParameter parameter : model.task(task).trainableParameters()) {
                for (long i = 0; i < parameter.value().length(); i++) {
                    parameter.value().putScalar(i, random.nextDouble() - 0.5);
                }
            }
        }
        model.adapter().save(folder.resolve("adapter"));
        for (String task : model.tasks()) {
            numbers("multitask/" + task, model.task(task).output(Map.of("ids", ids()), "logits").get("logits"));
        }
    }

    /** One task after another: what a router and a report say. */
    private static void inARow() throws IOException {
        Path folder = folder("continual");
        for (TaskRouter empty : List.of(TaskRouter.euclidean(), TaskRouter.mahalanobis(0.3))) {
            TaskRouter router = empty.with("left", waves(1, 6, 3)).with("right", waves(1, 6, 3).add(2)).calibrated(waves(40, 4, 3), 0.5);
            String name = empty.toString().contains("uclid") ? "euclidean" : "mahalanobis";
            router.save(folder.resolve(name + ".safetensors"));
            router.route(waves(90, 3, 3).add(1)).forEach(route -> NUMBERS.add("continual/" + name + " " + route.task() + " " + (float) route.distance()));
        }
        ForgettingReport report = ForgettingReport.of(List.of("a", "b"), new double[][] {{0.9, 0.4}, {0.7, 0.8}}).withBaseline(0.5, 0.5);
        report.save(folder.resolve("report.json"));
        numbers("continual/report", report.averageAccuracy(), report.averageForgetting(), report.backwardTransfer());
    }

    private static void tribuo() throws IOException {
        Path folder = folder("tribuo");
        Map<String, BaseNetwork> bases = new LinkedHashMap<>();
        bases.put("network", BaseNetwork.of(Bases.mlp(4, 3, 1)));
        bases.put("layers", BaseNetwork.of(Bases.graph(4, 3, 1)));
        for (Map.Entry<String, BaseNetwork> base : bases.entrySet()) {
            LoraModel<Label> model = LoraTrainer.builder(base.getValue(), new LabelConverter())
                    .inputs(new DenseInputConverter(Bases.FEATURES))
                    .spec(new LoraSpec(2, 4))
                    .learningRate(0.02)
                    .epochs(4)
                    .modelFormat(ModelFormat.SELF_CONTAINED)
                    .build()
                    .train(Data.corners(7, 1, "a", "b", "c"));
            model.serializeToFile(folder.resolve(base.getKey() + ".tribuo"));
            model.exportAdapter(folder.resolve(base.getKey()));
            try (OutputStream file = Files.newOutputStream(folder.resolve(base.getKey() + ".ser"));
                    ObjectOutputStream out = new ObjectOutputStream(file)) {
                out.writeObject(model);
            }
            Map<String, Label> scores = model.predict(Data.example("a", 1, 0.5, -1, 2)).getOutputScores();
            numbers("tribuo/" + base.getKey(), scores.get("a").getScore(), scores.get("b").getScore(), scores.get("c").getScore());
        }
    }
}

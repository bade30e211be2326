/* SPDX-License-Identifier: Apache-2.0 */
import java.io.IOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.deeplearning4j.util.ModelSerializer;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.config.AdapterConfig;
import org.lora4j.config.Initialization;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.method.AdapterMethod;
import org.lora4j.method.AdapterMethods;
import org.lora4j.method.FactorStart;
import org.lora4j.method.Factors;
import org.lora4j.method.MethodEntry;
import org.lora4j.method.MethodTraits;
import org.lora4j.method.ModuleShape;
import org.lora4j.method.WeightAlgebra;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.Trainer;
import org.lora4j.train.TrainingPlan;
import org.lora4j.weights.AdapterConversion;
import org.lora4j.weights.ModelWeights;
import org.nd4j.autodiff.samediff.SDVariable;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.activations.Activation;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.learning.config.Adam;
import org.nd4j.linalg.lossfunctions.LossFunctions;

/** What a method of this project does in a graph and in a network. */
public class Stranger {

    private static final INDArray X = Nd4j.createFromArray(new float[][] {{1, 0, 2}, {0, 1, 1}, {1, 1, 0}, {2, 1, 1}});
    private static final INDArray Y = Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {0, 1}, {1, 0}});

    public static void main(String[] args) throws Exception {
        Path folder = Path.of(args[0]);
        beforeRegistration(folder);
        RowColMethod.register();
        graph(folder);
        network(folder);
        mistakes();
    }

    private static void say(String what, Object value) {
        System.out.println("- " + what + ": " + value);
    }

    private static boolean near(INDArray a, INDArray b) {
        return a.sub(b).amaxNumber().doubleValue() < 1e-5;
    }

    private interface Action {
        void run() throws Exception;
    }

    /** Whether an action is refused with a message that holds some words. */
    private static String refusal(Action action, String... words) throws Exception {
        try {
            action.run();
            return "accepted";
        } catch (IOException | IllegalArgumentException | UnsupportedOperationException e) {
            for (String word : words) {
                if (!e.getMessage().contains(word)) {
                    return "\"" + e.getMessage() + "\" without \"" + word + "\"";
                }
            }
            return "refused";
        }
    }

    private static void beforeRegistration(Path folder) throws Exception {
        Path unknown = Files.createDirectories(folder.resolve("unknown"));
        Files.writeString(
                unknown.resolve("adapter_config.json"), "{\"peft_type\": \"ROWCOL\", \"target_modules\": [\"fc\"]}");
        Files.write(unknown.resolve("adapter_model.safetensors"), new byte[] {2, 0, 0, 0, 0, 0, 0, 0, '{', '}'});
        say(
                "a file of a method that is not there",
                refusal(() -> Adapter.load(unknown), "ROWCOL", "AdapterMethods.register"));
    }

    private static SameDiff base() {
        SameDiff graph = SameDiff.create();
        SDVariable x = graph.placeHolder("x", DataType.FLOAT, -1, 3);
        SDVariable labels = graph.placeHolder("labels", DataType.FLOAT, -1, 2);
        SDVariable w = graph.var("fc.weight", Nd4j.createFromArray(new float[][] {{1, 2, 0, 1}, {0, 1, 1, 2}, {1, 0, 1, 1}}));
        SDVariable hidden = graph.math().tanh(x.mmul("fc/product", w).mul(0.5));
        SDVariable head = graph.var("head.weight", Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {1, 1}, {0, 1}}));
        SDVariable scores = hidden.mmul("scores", head);
        graph.loss().softmaxCrossEntropy("loss", labels, scores, null);
        graph.setLossVariables("loss");
        return graph;
    }

    private static INDArray scores(SameDiff graph) {
        return graph.output(Map.of("x", X), "scores").get("scores");
    }

    private static INDArray scores(AdaptedSameDiff model) {
        return model.output(Map.of("x", X), "scores").get("scores");
    }

    private static RowColConfig config() {
        return RowColConfig.builder().strength(0.5).targetModules("fc", "head").build();
    }

    private static void graph(Path folder) throws Exception {
        INDArray before = scores(base());
        AdaptedSameDiff model = AdaptedSameDiff.of(base());
        model.addAdapter("own", config(), 42);
        model.activate("own");
        say("graph, fresh adapter is the base", near(scores(model), before));
        List<Double> losses = Trainer.builder(model)
                .plan(TrainingPlan.builder()
                        .epochs(60)
                        .optimizer(AdamW.of(0.05))
                        .build())
                .build()
                .train(Batches.inOrder(List.of(Batch.of(Map.of("x", X, "labels", Y), 4))))
                .losses();
        say("graph, learns", losses.get(losses.size() - 1) < losses.get(0) / 2);
        INDArray learned = scores(model);
        model.disable();
        say("graph, disabled is the base", near(scores(model), before) && !near(learned, before));
        model.enable();
        say("graph, enabled again", scores(model).equals(learned));
        Path saved = folder.resolve("graph-adapter");
        model.adapter("own").save(saved);
        AdaptedSameDiff again = Lora.load(base(), saved);
        say(
                "graph, read back",
                scores(again).equals(learned)
                        && again.adapter("default").config().equals(config())
                        && Files.readString(saved.resolve("adapter_config.json"))
                                .contains("\"rowcol_strength\": 0.5"));
        RowColConfig rows = RowColConfig.builder()
                .inputs(false)
                .initialization(Initialization.RANDOM)
                .targetModules("fc")
                .build();
        AdaptedSameDiff alone = Lora.inject(base(), rows, 7);
        Path small = folder.resolve("rows");
        alone.adapter("default").save(small);
        say(
                "graph, read back with rows alone",
                scores(Lora.load(base(), small)).equals(scores(alone)) && !near(scores(alone), before));
        model.addAdapter("rows", rows, 7);
        model.activate("own", "rows");
        INDArray both = scores(model);
        model.merge();
        say("graph, two adapters merged", near(scores(model), both) && !near(both, learned));
        model.unmerge();
        model.addAdapter(
                "lora",
                LoraConfig.builder().rank(2).targetModules("fc").build(),
                1);
        say("graph, beside LoRA", refusal(() -> model.activate("own", "lora"), "RowCol", "LoRA"));
        model.activate("own");
        say("graph, converted to LoRA", AdapterConversion.of(model.adapter("own"))
                        .rank(2)
                        .on(ModelWeights.of(model))
                        .adapter()
                        .config()
                instanceof LoraConfig);
        say("graph, unloaded is the base", scores(model.unload()).equals(before));
        AdaptedSameDiff merged = Lora.load(base(), saved);
        say("graph, merged", near(scores(merged.mergeAndUnload()), learned));
    }

    private static MultiLayerNetwork newNetwork() {
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .seed(1)
                .updater(new Adam(0.05))
                .list()
                .layer(new DenseLayer.Builder()
                        .name("fc")
                        .nIn(3)
                        .nOut(8)
                        .activation(Activation.TANH)
                        .build())
                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT)
                        .name("head")
                        .nIn(8)
                        .nOut(2)
                        .activation(Activation.SOFTMAX)
                        .build())
                .build());
        network.init();
        return network;
    }

    private static void network(Path folder) throws Exception {
        MultiLayerNetwork base = newNetwork();
        INDArray before = base.output(X);
        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);
        model.addAdapter("own", config(), 42);
        model.activate("own");
        DataSet data = new DataSet(X, Y);
        double loss = model.network().score(data);
        for (int i = 0; i < 100; i++) {
            model.network().fit(data);
        }
        say("network, learns", model.network().score(data) < loss / 2);
        INDArray learned = model.network().output(X);
        model.disable();
        say("network, disabled is the base", near(model.network().output(X), before) && !near(learned, before));
        model.enable();
        Path saved = folder.resolve("network-adapter");
        model.adapter("own").save(saved);
        say(
                "network, read back",
                near(Lora.load(base, saved).network().output(X), learned)
                        && model.network().output(X).equals(learned));
        Path zip = folder.resolve("model.zip");
        model.save(zip);
        say(
                "network, saved and opened",
                Lora.loadMultiLayerNetwork(zip).network().output(X).equals(learned));
        Path stock = folder.resolve("stock.zip");
        ModelSerializer.writeModel(model.network(), stock.toFile(), true);
        say(
                "network, saved and opened by Deeplearning4j",
                ModelSerializer.restoreMultiLayerNetwork(stock.toFile()).output(X).equals(learned));
        say("network, merged", near(model.mergeAndUnload().output(X), learned));
    }

    private static void mistakes() throws Exception {
        say("second registration", refusal(RowColMethod::register, "ROWCOL is taken", "rowcol_rows"));
        say(
                "config of a wrong kind",
                refusal(() -> RowColConfig.builder().strength(0).build(), "strength = 0", "targetModules"));
        AdapterMethods.register(MethodEntry.builder(EmptyConfig.class, EmptyConfig::builder)
                .method((config, path) -> new EmptyMethod())
                .saved(EmptyMethod.TRAITS, options -> new EmptyMethod())
                .build());
        say(
                "incomplete method",
                refusal(
                        () -> scores(Lora.inject(
                                base(), EmptyConfig.builder().targetModules("fc").build(), 1)),
                        "Empty: place = OUTPUT",
                        "has no outputUpdate"));
        say(
                "adapter without a factor",
                refusal(
                        () -> Adapter.of(
                                config(),
                                Map.of(),
                                Map.of("fc", Map.of(RowColMethod.ROWS, Nd4j.zeros(DataType.FLOAT, 4))),
                                Map.of()),
                        "\"fc\"",
                        "rowcol_columns"));
        say(
                "adapter of another base",
                refusal(
                        () -> AdaptedSameDiff.of(base())
                                .addAdapter(
                                        "short",
                                        Adapter.of(
                                                RowColConfig.builder()
                                                        .inputs(false)
                                                        .targetModules("fc")
                                                        .build(),
                                                Map.of(),
                                                Map.of("fc", Map.of(RowColMethod.ROWS, Nd4j.zeros(DataType.FLOAT, 3))),
                                                Map.of())),
                        "\"fc\"",
                        "rowcol_rows"));
    }

    /** A method that says more than it does. */
    private static final class EmptyMethod implements AdapterMethod {

        private static final MethodTraits TRAITS = MethodTraits.builder("Empty", "EMPTY")
                .place(Place.OUTPUT)
                .factor("empty_values", "E")
                .build();

        @Override
        public MethodTraits traits() {
            return TRAITS;
        }

        @Override
        public Map<String, long[]> factors(ModuleShape shape, int rank) {
            return Map.of("empty_values", new long[] {shape.outputs()});
        }

        @Override
        public Map<String, INDArray> initialize(FactorStart start) {
            return Map.of("empty_values", Nd4j.zeros(start.dataType(), start.shape().outputs()));
        }

        @Override
        public <T> T weightUpdate(WeightAlgebra<T> module, Factors<T> factors) {
            return module.scale(module.weight(), factors.scaling());
        }
    }

    private static final class EmptyConfig extends AdapterConfig {

        private EmptyConfig(Builder builder) {
            super(builder);
        }

        private static Builder builder() {
            return new Builder();
        }

        @Override
        public Builder toBuilder() {
            return builder().from(this);
        }

        private static final class Builder extends AdapterConfig.Builder<Builder> {

            private Builder() {
                super("EMPTY", MODULES_AND_LAYERS);
            }

            @Override
            public EmptyConfig build() {
                return new EmptyConfig(this);
            }
        }
    }
}

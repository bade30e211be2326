/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.benchmark;

import java.io.IOException;
import java.io.UncheckedIOException;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.ArrayList;
import java.util.Collections;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.Random;
import java.util.SplittableRandom;
import java.util.function.Predicate;
import java.util.function.Supplier;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.lora4j.advice.DataAdvisor;
import org.lora4j.advice.RankAdvisor;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.RowNetwork;
import org.lora4j.format.DType;
import org.lora4j.integration.wordnet.WordNetGlosses;
import org.lora4j.interpret.IntegratedGradients;
import org.lora4j.language.CausalLm;
import org.lora4j.language.CausalLmServer;
import org.lora4j.language.GenerationConfig;
import org.lora4j.language.LmRequest;
import org.lora4j.pretrained.EncoderClassifier;
import org.lora4j.pretrained.TextExample;
import org.lora4j.samediff.AdaptedSameDiff;
import org.lora4j.serve.AdapterServer;
import org.lora4j.text.LabeledText;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.train.AdamW;
import org.lora4j.train.Batch;
import org.lora4j.train.Batches;
import org.lora4j.train.TrainingPlan;
import org.lora4j.train.Validation;
import org.lora4j.tribuo.LoraModel;
import org.lora4j.tribuo.LoraSpec;
import org.lora4j.tribuo.LoraTrainer;
import org.lora4j.tribuo.base.BaseNetwork;
import org.lora4j.tribuo.input.DenseInputConverter;
import org.lora4j.tribuo.output.LabelConverter;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.dataset.DataSet;
import org.nd4j.linalg.indexing.NDArrayIndex;
import org.tribuo.Example;
import org.tribuo.MutableDataset;
import org.tribuo.classification.Label;
import org.tribuo.classification.LabelFactory;
import org.tribuo.datasource.ListDataSource;
import org.tribuo.impl.ArrayExample;
import org.tribuo.provenance.SimpleDataSourceProvenance;

/**
 * Every door to a model, with work as short as a user's: in processes that were started in different ways, on a machine whose
 * processors others use.
 */
final class BusyTeam {

    /** What is done in a turn. */
    enum Door {
        PREDICT("predict of a text"),
        EMBED("embed of a text"),
        EMBED_MANY("embed of 64 texts"),
        EVALUATE("evaluate of 64 texts"),
        FIT("fit of 8 texts"),
        OUTPUT("output of a row"),
        OUTPUT_MANY("output of 32 rows"),
        GRAPH_SERVER("AdapterServer over a graph"),
        NETWORK_SERVER("AdapterServer over a network"),
        GENERATE("generate"),
        LM_SERVER("CausalLmServer"),
        DATA_ADVICE("advice on data"),
        RANK_ADVICE("advice on ranks"),
        EXPLAIN("explanation of a text"),
        NETWORK_OUTPUT("Deeplearning4j, output of a row"),
        NETWORK_FIT("Deeplearning4j, fit"),
        NETWORK_EXPLAIN("Deeplearning4j, explanation"),
        TRIBUO("Tribuo, predict");

        private final String words;

        Door(String words) {
            this.words = words;
        }

        String words() {
            return words;
        }
    }

    /** One use of a door. */
    @FunctionalInterface
    private interface Call {
        void run() throws IOException;
    }

    private static final String DECODER = """
            {"model_type": "llama", "vocab_size": 8192, "hidden_size": 384, "intermediate_size": 1024, "num_hidden_layers": 8,
             "num_attention_heads": 6, "num_key_value_heads": 3, "max_position_embeddings": 1024, "rms_norm_eps": 1e-05,
             "hidden_act": "silu", "tie_word_embeddings": true}
            """;

    private static final long SEED = 42;
    private static final int LONGEST = 64;
    private static final int TEXTS = 64;
    private static final int LABELS = 4;
    private static final int FEATURES = 64;
    private static final int TOKENS = 8;
    private static final int REQUESTS = 4;
    private static final int VOCABULARY = 8192;

    private final String prefix;
    private final Predicate<String> wanted;
    private final List<Contender> contenders = new ArrayList<>();

    private BusyTeam(String prefix, Predicate<String> wanted) {
        this.prefix = prefix;
        this.wanted = wanted;
    }

    static String key(String prefix, Door door) {
        return prefix + "." + door.name().toLowerCase(Locale.ROOT);
    }

    static List<Contender> contenders(String prefix, Predicate<String> wanted) throws IOException {
        BusyTeam team = new BusyTeam(prefix, wanted);
        team.addIfWanted(
                team::texts,
                Door.PREDICT,
                Door.EMBED,
                Door.EMBED_MANY,
                Door.EVALUATE,
                Door.FIT,
                Door.DATA_ADVICE,
                Door.EXPLAIN);
        team.addIfWanted(team::graphs, Door.OUTPUT, Door.OUTPUT_MANY, Door.GRAPH_SERVER, Door.RANK_ADVICE);
        team.addIfWanted(team::decoders, Door.GENERATE, Door.LM_SERVER);
        team.addIfWanted(
                team::networks, Door.NETWORK_OUTPUT, Door.NETWORK_FIT, Door.NETWORK_EXPLAIN, Door.NETWORK_SERVER);
        team.addIfWanted(team::tribuo, Door.TRIBUO);
        return team.contenders;
    }

    private void addIfWanted(Call maker, Door... doors) throws IOException {
        if (Stream.of(doors).anyMatch(door -> wanted.test(key(prefix, door)))) {
            maker.run();
        }
    }

    /** A turn is some calls: one alone is too short to be timed. */
    private void add(Door door, int calls, Call call) {
        if (wanted.test(key(prefix, door))) {
            contenders.add(Contender.timed(
                    key(prefix, door), prefix + ": " + door.words() + (calls > 1 ? ", x " + calls : ""), 1, () -> {
                        try {
                            for (int i = 0; i < calls; i++) {
                                call.run();
                            }
                        } catch (IOException e) {
                            throw new UncheckedIOException(e);
                        }
                    }));
        }
    }

    private void texts() throws IOException {
        List<TextExample> all = WordNetGlosses.load(SEED).training();
        List<LabeledText> few = IntStream.range(0, TEXTS)
                .mapToObj(i -> all.get(i * all.size() / TEXTS))
                .map(example -> new LabeledText(example.text(), "label " + example.label() % LABELS))
                .toList();
        List<String> texts = few.stream().map(LabeledText::text).toList();
        TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2").withMaxLength(LONGEST);
        Supplier<TextClassifier> learning =
                () -> TextClassifier.builder(encoder).epochs(1).seed(SEED).build();
        TextClassifier classifier = learning.get().fit(few);
        add(Door.PREDICT, 20, () -> classifier.predict(texts.get(0)));
        add(Door.EMBED, 20, () -> encoder.embed(texts.get(1)));
        add(Door.EMBED_MANY, 1, () -> encoder.embed(texts));
        add(Door.EVALUATE, 1, () -> classifier.evaluate(few));
        add(Door.FIT, 1, () -> learning.get().fit(few.subList(0, TEXTS / 8)).close());
        add(Door.DATA_ADVICE, 1, () -> DataAdvisor.builder().seed(SEED).build().examine(encoder, few));
        add(Door.EXPLAIN, 1, () -> IntegratedGradients.of(classifier).explain(texts.get(2)));
    }

    private void graphs() throws IOException {
        MiniLmModels models = new MiniLmModels();
        AdaptedSameDiff model = MiniLmModels.adapted(models.shared(), MiniLmModels.ALL_LINEAR);
        Map<String, INDArray> all = models.batch();
        Map<String, INDArray> inputs = new LinkedHashMap<>(all);
        inputs.remove(EncoderClassifier.LABELS);
        Map<String, INDArray> row = rows(inputs, 1);
        add(Door.OUTPUT, 10, () -> close(model.output(row, EncoderClassifier.LOGITS)));
        add(Door.OUTPUT_MANY, 1, () -> close(model.output(inputs, EncoderClassifier.LOGITS)));
        AdapterServer server = AdapterServer.builder(models.shared())
                .outputs(EncoderClassifier.LOGITS)
                .example(rows(inputs, 2))
                .build();
        server.register("one", model.adapter(AdaptedSameDiff.DEFAULT_ADAPTER));
        Map<String, INDArray> some = rows(inputs, REQUESTS);
        List<String> adapters = List.of("one", AdapterServer.BASE, "one", "one");
        add(Door.GRAPH_SERVER, 3, () -> close(server.output(some, adapters)));
        LoraConfig config = LoraConfig.builder()
                .rank(MiniLmModels.RANK)
                .targetModules("encoder.layer.5.attention.self.query")
                .build();
        add(
                Door.RANK_ADVICE,
                1,
                () -> RankAdvisor.builder(model, config)
                        .plan(TrainingPlan.builder()
                                .epochs(1)
                                .optimizer(AdamW.of(MiniLmModels.RATE))
                                .build())
                        .validation(Validation.lowerIsBetter("loss", () -> 1))
                        .batches(Batches.inOrder(List.of(Batch.of(rows(all, REQUESTS), REQUESTS))))
                        .build()
                        .sensitivity(1));
    }

    private static Map<String, INDArray> rows(Map<String, INDArray> batch, int count) {
        Map<String, INDArray> some = new LinkedHashMap<>();
        batch.forEach((name, array) ->
                some.put(name, array.get(NDArrayIndex.interval(0, count)).dup('c')));
        return some;
    }

    private static void close(Map<String, INDArray> arrays) {
        arrays.values().forEach(INDArray::close);
    }

    private void decoders() throws IOException {
        Path directory = Files.createTempDirectory("busy");
        try {
            RandomModel.write(directory, DECODER, DType.F32);
            CausalLm model = CausalLm.load(directory);
            GenerationConfig greedy = GenerationConfig.builder()
                    .maxNewTokens(TOKENS)
                    .eosTokenIds()
                    .build();
            int[] prompt = new Random(SEED).ints(TOKENS, 0, VOCABULARY).toArray();
            add(Door.GENERATE, 10, () -> model.generateIds(List.of(prompt), greedy, token -> true));
            CausalLmServer server =
                    CausalLmServer.builder(model).maxSequences(REQUESTS).build();
            add(Door.LM_SERVER, 4, () -> {
                List<LmRequest> requests = Stream.generate(
                                () -> server.submit(CausalLmServer.BASE, prompt, greedy, token -> true))
                        .limit(REQUESTS)
                        .toList();
                requests.forEach(LmRequest::result);
            });
        } finally {
            // What is mapped stays.
            try (Stream<Path> files = Files.walk(directory)) {
                files.sorted(Comparator.reverseOrder()).forEach(BusyTeam::delete);
            }
        }
    }

    private static void delete(Path file) {
        try {
            Files.delete(file);
        } catch (IOException e) {
            throw new UncheckedIOException(e);
        }
    }

    private void networks() {
        AdaptedNetwork<MultiLayerNetwork> adapted = MlpTeam.lowMemory();
        MultiLayerNetwork network = adapted.network();
        INDArray row = MlpTeam.data(1).getFeatures();
        DataSet batch = MlpTeam.data(32);
        add(Door.NETWORK_OUTPUT, 100, () -> network.output(row).close());
        add(Door.NETWORK_FIT, 20, () -> network.fit(batch));
        add(Door.NETWORK_EXPLAIN, 1, () -> IntegratedGradients.of(adapted).explain(row));
        AdapterServer server = AdapterServer.builder(MlpTeam.network(MlpTeam.INPUTS))
                .example(Map.of(RowNetwork.INPUT, MlpTeam.data(2).getFeatures()))
                .build();
        Map<String, INDArray> rows =
                Map.of(RowNetwork.INPUT, MlpTeam.data(REQUESTS).getFeatures());
        add(
                Door.NETWORK_SERVER,
                100,
                () -> close(server.output(rows, Collections.nCopies(REQUESTS, AdapterServer.BASE))));
    }

    private void tribuo() {
        SplittableRandom random = new SplittableRandom(SEED);
        List<String> names = new ArrayList<>();
        for (int i = 0; i < FEATURES; i++) {
            names.add("f" + i);
        }
        LabelFactory factory = new LabelFactory();
        List<Example<Label>> examples = new ArrayList<>();
        for (int i = 0; i < TEXTS; i++) {
            double[] values = random.doubles(FEATURES, -1, 1).toArray();
            examples.add(new ArrayExample<>(new Label("c" + i % 3), names.toArray(new String[0]), values));
        }
        LoraModel<Label> model = LoraTrainer.builder(BaseNetwork.of(MlpTeam.network(FEATURES)), new LabelConverter())
                .inputs(new DenseInputConverter(names))
                .spec(new LoraSpec(MiniLmModels.RANK, 2 * MiniLmModels.RANK))
                .epochs(1)
                .build()
                .train(new MutableDataset<>(
                        new ListDataSource<>(examples, factory, new SimpleDataSourceProvenance("random", factory))));
        add(Door.TRIBUO, 100, () -> model.predict(examples.get(0)));
    }
}

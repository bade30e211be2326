/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.language;

import static org.assertj.core.api.Assertions.assertThat;

import java.lang.reflect.Array;
import java.lang.reflect.Constructor;
import java.lang.reflect.Executable;
import java.lang.reflect.InvocationTargetException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.lang.reflect.Proxy;
import java.nio.file.Files;
import java.nio.file.Path;
import java.time.Duration;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collection;
import java.util.Comparator;
import java.util.LinkedHashMap;
import java.util.List;
import java.util.Map;
import java.util.Optional;
import java.util.Set;
import java.util.TreeMap;
import java.util.concurrent.Callable;
import java.util.stream.IntStream;
import java.util.stream.Stream;
import org.deeplearning4j.nn.conf.NeuralNetConfiguration;
import org.deeplearning4j.nn.conf.layers.DenseLayer;
import org.deeplearning4j.nn.conf.layers.OutputLayer;
import org.deeplearning4j.nn.multilayer.MultiLayerNetwork;
import org.junit.jupiter.api.AfterAll;
import org.junit.jupiter.api.BeforeAll;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.platform.commons.support.ReflectionSupport;
import org.lora4j.Lora;
import org.lora4j.adapter.Adapter;
import org.lora4j.adapter.AdapterLoader;
import org.lora4j.config.LoraConfig;
import org.lora4j.dl4j.AdaptedNetwork;
import org.lora4j.dl4j.NetworkFile;
import org.lora4j.dl4j.RowNetwork;
import org.lora4j.image.Augmentation;
import org.lora4j.image.Image;
import org.lora4j.image.ImageClassifier;
import org.lora4j.image.ImageEncoder;
import org.lora4j.image.LabeledImage;
import org.lora4j.samediff.SameDiffFile;
import org.lora4j.serve.AdapterServer;
import org.lora4j.text.LabeledText;
import org.lora4j.text.PairClassifier;
import org.lora4j.text.ReRanker;
import org.lora4j.text.SentenceEncoder;
import org.lora4j.text.TextClassifier;
import org.lora4j.text.TextEncoder;
import org.lora4j.text.TextRegressor;
import org.lora4j.text.TextTable;
import org.lora4j.text.TinyEncoder;
import org.lora4j.text.TokenClassifier;
import org.nd4j.autodiff.samediff.SameDiff;
import org.nd4j.linalg.api.buffer.DataType;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.factory.Nd4j;
import org.nd4j.linalg.lossfunctions.LossFunctions.LossFunction;

/**
 * Each argument of each public method, one after the other, is null: it is taken, or refused in words of ours, at once or when
 * what was being built is built. Other arguments have any value, so some calls are refused for those.
 */
class NullArgumentsTest {

    private static final List<String> PACKAGES =
            List.of("serve", "text", "image", "language", "samediff", "dl4j", "adapter");

    private static final Path IMAGES = Path.of(
            System.getProperty("lora4j.root"),
            "lora-dl4j",
            "image",
            "src",
            "test",
            "resources",
            "encoders",
            "convnext-imgcls");

    @TempDir
    private static Path folder;

    private static final Map<Class<?>, Object> PRIMITIVES = Map.of(
            boolean.class, true, int.class, 1, long.class, 1L, double.class, 0.5, float.class, 0.5f, char.class, 'c');

    private static final Map<Class<?>, Object> VALUES = new LinkedHashMap<>();
    private static final Map<Class<?>, Callable<?>> BUILDERS = new LinkedHashMap<>();
    private static final List<AutoCloseable> OPEN = new ArrayList<>();

    @BeforeAll
    static void makeSubjects() throws Exception {
        SameDiff graph = SameDiff.create();
        graph.placeHolder("x", DataType.FLOAT, -1, 4)
                .mmul("y", graph.constant("fc.weight", Nd4j.rand(DataType.FLOAT, 4, 3)));
        MultiLayerNetwork network = new MultiLayerNetwork(new NeuralNetConfiguration.Builder()
                .list()
                .layer(new DenseLayer.Builder().name("fc").nIn(4).nOut(5).build())
                .layer(new OutputLayer.Builder(LossFunction.MSE)
                        .name("head")
                        .nIn(5)
                        .nOut(3)
                        .build())
                .build());
        network.init();
        LoraConfig config = LoraConfig.builder().rank(2).targetModules("fc").build();
        AdaptedNetwork<MultiLayerNetwork> adapted = Lora.inject(network, config, 1);
        Adapter adapter = adapted.adapter("default");
        INDArray rows = Nd4j.rand(DataType.FLOAT, 3, 4);
        AdapterServer server = AdapterServer.builder(network)
                .example(Map.of(RowNetwork.INPUT, rows))
                .build();
        CausalLm model = CausalLm.load(SmallCausalLm.write(Files.createTempDirectory(folder, "lm"), "{{ messages }}"));
        CausalLmServer texts = CausalLmServer.builder(model).build();
        TextEncoder encoder = TinyEncoder.create();
        TextClassifier classifier = TextClassifier.builder(encoder)
                .headOnly()
                .build()
                .fit(TinyEncoder.reviews(20, 1), TinyEncoder.reviews(6, 2));
        ImageEncoder images = ImageEncoder.load(IMAGES);
        List<LabeledImage> grey = IntStream.range(0, 20)
                .mapToObj(i -> new LabeledImage(Image.ofGrey(1, 1, new byte[] {(byte) i}), i % 2 == 0 ? "a" : "b"))
                .toList();
        ImageClassifier ofImages =
                ImageClassifier.builder(images).headOnly().build().fit(grey);
        OPEN.addAll(List.of(texts, model, server, encoder, images, ofImages));
        for (Object value : List.of(
                "x",
                folder.resolve("none"),
                Duration.ofMillis(1),
                graph,
                network,
                config,
                adapter,
                rows,
                server,
                model,
                texts,
                model.tokenizer(),
                model.chatTemplate().orElseThrow(),
                GenerationConfig.greedy(2),
                ChatMessage.user("x"),
                LmExample.text("x"),
                model.tokenizer().streamDecoder(true),
                texts.submit(null, new int[] {1, 5}, GenerationConfig.greedy(2), token -> true),
                encoder,
                classifier,
                images,
                ofImages,
                grey.get(0).image(),
                grey.get(0),
                Augmentation.SIGNS,
                TextTable.of(List.of(Map.of("a", "b"))),
                new LabeledText("x", "a"),
                adapted,
                Lora.inject(graph, config, 1),
                SameDiffFile.of(folder.resolve("none")),
                NetworkFile.of(folder.resolve("none")),
                AdapterLoader.of(folder.resolve("none")))) {
            VALUES.put(value.getClass(), value);
        }
        for (Callable<?> builder : List.<Callable<?>>of(
                () -> AdapterServer.builder(network),
                () -> AdapterServer.builder(graph),
                () -> CausalLmServer.builder(model),
                () -> CausalLmTrainer.builder(model),
                GenerationConfig::builder,
                () -> ImageClassifier.builder(images),
                () -> TextClassifier.builder(encoder),
                () -> TextRegressor.builder(encoder),
                () -> PairClassifier.builder(encoder),
                () -> TokenClassifier.builder(encoder),
                () -> ReRanker.builder(encoder),
                () -> SentenceEncoder.builder(encoder))) {
            BUILDERS.put(builder.call().getClass(), builder);
        }
    }

    @AfterAll
    static void close() throws Exception {
        for (AutoCloseable each : OPEN) {
            each.close();
        }
    }

    private static List<Class<?>> types() {
        List<Class<?>> types = new ArrayList<>();
        for (String name : PACKAGES) {
            String inRoot = "org.lora4j." + name;
            types.addAll(ReflectionSupport.findAllClassesInPackage(
                    inRoot,
                    type -> type.getPackageName().equals(inRoot) && isPublic(type) && !isOfTests(type),
                    type -> true));
        }
        types.add(Lora.class);
        types.removeAll(List.of(ChatTemplate.class, LanguageTokenizer.class));
        types.sort(Comparator.comparing(Class::getName));
        return types;
    }

    /** Tests of other modules come in jars of their own in a whole build. */
    private static boolean isOfTests(Class<?> type) {
        String from = type.getProtectionDomain().getCodeSource().getLocation().getPath();
        return from.endsWith("/test-classes/") || from.endsWith("-tests.jar");
    }

    private static boolean isPublic(Class<?> type) {
        return Modifier.isPublic(type.getModifiers())
                && (type.getEnclosingClass() == null || isPublic(type.getEnclosingClass()));
    }

    private static Object valueOf(Class<?> type) {
        for (Object value : VALUES.values()) {
            if (type.isInstance(value) && type != Object.class) {
                return value;
            }
        }
        if (type.isPrimitive()) {
            return PRIMITIVES.get(type);
        }
        if (type.isEnum()) {
            return type.getEnumConstants()[0];
        }
        if (type.isArray()) {
            return Array.newInstance(type.getComponentType(), 0);
        }
        if (type == List.class || type == Collection.class || type == Iterable.class) {
            return List.of();
        }
        if (type == Map.class) {
            return Map.of();
        }
        if (type == Set.class) {
            return Set.of();
        }
        if (type == Optional.class) {
            return Optional.empty();
        }
        if (type.isInterface() && !type.isSealed()) {
            return Proxy.newProxyInstance(
                    type.getClassLoader(),
                    new Class<?>[] {type},
                    (proxy, method, arguments) ->
                            method.getReturnType().isPrimitive() && method.getReturnType() != void.class
                                    ? valueOf(method.getReturnType())
                                    : null);
        }
        return null;
    }

    /** Null or an exception. */
    private static Throwable call(Executable door, Object subject, Object[] arguments) {
        try {
            Object result = door instanceof Constructor<?> maker
                    ? maker.newInstance(arguments)
                    : ((Method) door).invoke(subject, arguments);
            Object built = result != null && BUILDERS.containsKey(result.getClass()) ? result : subject;
            if (built != null && BUILDERS.containsKey(built.getClass())) {
                Object made = built.getClass().getMethod("build").invoke(built);
                if (made instanceof AutoCloseable open) {
                    open.close();
                }
            }
            return null;
        } catch (InvocationTargetException e) {
            return e.getCause();
        } catch (Exception e) {
            throw new IllegalStateException(door.toString(), e);
        }
    }

    private static boolean isInWords(Throwable refusal) {
        String message = refusal.getMessage();
        if (message == null || message.contains("Cannot ") || message.contains("because \"")) {
            return false;
        }
        return !(refusal instanceof NullPointerException) || message.contains("null");
    }

    @Test
    void nullArguments_areTakenOrRefusedInWords() throws Exception {
        Map<String, String> raw = new TreeMap<>();
        int doors = 0;
        for (Class<?> type : types()) {
            List<Executable> all = Stream.<Executable>concat(
                            Arrays.stream(type.getConstructors()), Arrays.stream(type.getMethods()))
                    .filter(door -> Modifier.isPublic(door.getModifiers()) && !door.isSynthetic())
                    .filter(door -> door.getDeclaringClass() != Object.class)
                    .filter(door ->
                            !door.getName().equals("equals") && !door.getName().equals("compareTo"))
                    .filter(door -> !(door instanceof Constructor<?> && Modifier.isAbstract(type.getModifiers())))
                    .toList();
            for (Executable door : all) {
                boolean needsSubject = door instanceof Method && !Modifier.isStatic(door.getModifiers());
                boolean hasSubject = VALUES.containsKey(type) || BUILDERS.containsKey(type);
                if (needsSubject && !hasSubject
                        || type.isEnum() && door.getName().equals("valueOf")) {
                    continue;
                }
                Class<?>[] parameters = door.getParameterTypes();
                for (int i = 0; i < parameters.length; i++) {
                    if (parameters[i].isPrimitive()) {
                        continue;
                    }
                    Object[] arguments = Arrays.stream(parameters)
                            .map(NullArgumentsTest::valueOf)
                            .toArray();
                    arguments[i] = null;
                    Object subject = !needsSubject
                            ? null
                            : BUILDERS.containsKey(type) ? BUILDERS.get(type).call() : VALUES.get(type);
                    Throwable refusal = call(door, subject, arguments);
                    doors++;
                    if (refusal != null && !isInWords(refusal)) {
                        StackTraceElement at = refusal.getStackTrace().length == 0
                                ? null
                                : Arrays.stream(refusal.getStackTrace())
                                        .filter(frame -> frame.getClassName().startsWith("org.lora4j"))
                                        .findFirst()
                                        .orElse(refusal.getStackTrace()[0]);
                        raw.put(
                                door.toGenericString().replaceAll("org\\.lora4j\\.\\w+\\.|java\\.\\w+\\.(\\w+\\.)?", "")
                                        + " [" + i + "]",
                                refusal + " at " + at);
                    }
                }
            }
        }
        assertThat(doors).isGreaterThan(300);
        assertThat(raw.entrySet().stream().map(entry -> entry.getKey() + ": " + entry.getValue()))
                .as("of %d calls, %d are refused without words", doors, raw.size())
                .isEmpty();
    }
}

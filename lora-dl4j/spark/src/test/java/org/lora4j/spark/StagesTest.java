/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.spark;

import static org.assertj.core.api.Assertions.assertThat;

import java.beans.Introspector;
import java.io.IOException;
import java.lang.reflect.Method;
import java.lang.reflect.Modifier;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.ServiceLoader;
import java.util.stream.Stream;
import org.apache.spark.ml.Estimator;
import org.apache.spark.ml.PipelineStage;
import org.apache.spark.ml.Transformer;
import org.apache.spark.ml.param.Param;
import org.apache.spark.ml.param.ParamMap;
import org.apache.spark.ml.util.MLReader;
import org.apache.spark.ml.util.MLWritable;
import org.junit.jupiter.api.Tag;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.MethodSource;

/** What Spark and its clients ask of every stage, asked of all that {@code META-INF/services} names. */
class StagesTest {

    private static Stream<PipelineStage> stages() {
        return Stream.concat(named(ServiceLoader.load(Estimator.class)), named(ServiceLoader.load(Transformer.class)));
    }

    /** Those of this module, as Spark's server opens them: by their types. */
    private static <T extends PipelineStage> Stream<PipelineStage> named(ServiceLoader<T> loader) {
        return loader.stream()
                .filter(provider -> provider.type().getPackageName().startsWith("org.lora4j"))
                .map(ServiceLoader.Provider::get);
    }

    @org.junit.jupiter.api.Test
    void everyStageOfThisModule_isNamedForSparkConnect() throws IOException {
        try (Stream<Path> sources = Files.list(Path.of("src/main/java/org/lora4j/spark"))) {
            List<String> written = sources.filter(StagesTest::isStage)
                    .map(source -> source.getFileName().toString().replace(".java", ""))
                    .toList();

            assertThat(stages().map(stage -> stage.getClass().getSimpleName()))
                    .containsExactlyInAnyOrderElementsOf(written);
        }
    }

    private static boolean isStage(Path source) {
        try {
            return Files.readString(source).contains("private static final List<ParamRow> ROWS");
        } catch (IOException e) {
            throw new java.io.UncheckedIOException(e);
        }
    }

    @ParameterizedTest
    @MethodSource("stages")
    void stage_hasAConstructorWithAName_andReaders(PipelineStage stage) throws ReflectiveOperationException {
        Class<?> type = stage.getClass();

        assertThat(type.getConstructor(String.class).newInstance("of a name"))
                .extracting(made -> ((PipelineStage) made).uid())
                .isEqualTo("of a name");
        Method read = type.getMethod("read");
        assertThat(Modifier.isStatic(read.getModifiers())).isTrue();
        assertThat(read.getReturnType()).isEqualTo(MLReader.class);
        assertThat(type.getMethod("load", String.class).getReturnType()).isEqualTo(type);
    }

    @ParameterizedTest
    @MethodSource("stages")
    void stage_hasABeanForEveryParam_andSaysWhatItDoes(PipelineStage stage) throws ReflectiveOperationException {
        List<String> names = Arrays.stream(stage.params()).map(Param::name).toList();

        assertThat(names).contains("checkpoint", "handleInvalid", "errorCol").doesNotHaveDuplicates();
        for (Param<?> param : stage.params()) {
            assertThat(param.doc()).as(param.name()).isNotBlank();
            String end =
                    Character.toUpperCase(param.name().charAt(0)) + param.name().substring(1);
            Method getter = stage.getClass().getMethod("get" + end);
            Method setter = stage.getClass().getMethod("set" + end, getter.getReturnType());
            if (stage.hasDefault(param)) {
                Object value = getter.invoke(stage);
                assertThat(value).as(param.name()).isEqualTo(stage.getOrDefault(param));
                assertThat(setter.invoke(stage, value)).isSameAs(stage);
                assertThat(stage.isSet(param)).isTrue();
            }
            assertThat(Introspector.decapitalize(end)).isEqualTo(param.name());
            assertThat(stage.explainParam(param)).startsWith(param.name() + ": " + param.doc());
        }
    }

    /** One that learns, one that learned, one that does neither. */
    private static Stream<PipelineStage> few() {
        return Stream.of(new LoraTokenClassifier(), new LoraSentenceEncoderModel(), new LoraTextGenerator());
    }

    @ParameterizedTest
    @MethodSource("few")
    void stage_isCopiedAndWritten(PipelineStage stage, @TempDir Path folder)
            throws ReflectiveOperationException, IOException {
        stage_isCopiedAndWritten_withItsParams(stage, folder);
    }

    @ParameterizedTest
    @Tag("thorough")
    @MethodSource("stages")
    void stage_isCopiedAndWritten_withItsParams(PipelineStage stage, @TempDir Path folder)
            throws ReflectiveOperationException, IOException {
        stage.set(stage.getParam("checkpoint"), "somewhere");
        String path = folder.resolve("stage").toString();

        PipelineStage copy = stage.copy(ParamMap.empty());
        LocalSpark.session();
        ((MLWritable) stage).save(path);
        Object loaded = stage.getClass().getMethod("load", String.class).invoke(null, path);

        for (Object other : List.of(copy, loaded)) {
            assertThat(other).isInstanceOf(stage.getClass());
            assertThat(((PipelineStage) other).uid()).isEqualTo(stage.uid());
            assertThat(explained((PipelineStage) other)).isEqualTo(explained(stage));
        }
    }

    /** Arrays say where they are. */
    private static String explained(PipelineStage stage) {
        return stage.explainParams().replaceAll("String;@[0-9a-f]+", "");
    }
}

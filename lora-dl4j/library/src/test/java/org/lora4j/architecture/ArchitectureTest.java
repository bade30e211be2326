/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.architecture;

import static com.tngtech.archunit.base.DescribedPredicate.describe;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.assignableTo;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideInAnyPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.resideOutsideOfPackage;
import static com.tngtech.archunit.core.domain.JavaClass.Predicates.simpleName;
import static com.tngtech.archunit.core.domain.properties.HasName.Predicates.nameMatching;
import static com.tngtech.archunit.core.domain.properties.HasOwner.Predicates.With.owner;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.classes;
import static com.tngtech.archunit.lang.syntax.ArchRuleDefinition.noClasses;
import static com.tngtech.archunit.library.dependencies.SlicesRuleDefinition.slices;
import static org.assertj.core.api.Assertions.assertThat;
import static org.junit.jupiter.params.provider.Arguments.arguments;

import com.tngtech.archunit.core.domain.JavaCall;
import com.tngtech.archunit.core.domain.JavaClass;
import com.tngtech.archunit.core.domain.JavaClasses;
import java.io.ObjectInputStream;
import java.util.Collections;
import java.util.List;
import java.util.Random;
import java.util.Set;
import java.util.SplittableRandom;
import java.util.TreeSet;
import java.util.stream.Collectors;
import java.util.stream.Stream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.array.Broadcasts;
import org.lora4j.array.GuardedExecutioner;
import org.nd4j.linalg.api.ndarray.INDArray;
import org.nd4j.linalg.api.ops.BroadcastOp;
import org.nd4j.linalg.factory.Nd4j;

/** Which package may use what, and what nobody may do. */
class ArchitectureTest {

    private static final String ROOT = "org.lora4j";

    private static final JavaClasses MAIN = MainClasses.ALL;

    /** The layers, lowest first. A new package gets a line here, or the test below names it. */
    static Stream<Arguments> layers() {
        return Stream.of(
                layer("error"),
                layer("config", "error"),
                layer("format", "error"),
                layer("format.file", "error"),
                layer("format.safetensors", "error", "format", "format.file"),
                layer("format.zip"),
                layer("format.torch", "error", "format", "format.file", "format.zip"),
                layer("format.dl4j", "error", "format.file", "format.zip", "format.json"),
                layer("format.samediff", "error", "format.json"),
                layer("format.json", "error", "format.file"),
                layer("format.peft", "error", "config", "format", "format.file", "format.safetensors"),
                layer("format.huggingface", "error", "format", "format.file", "format.safetensors"),
                layer("array", "error"),
                layer("array.io", "error", "format", "format.safetensors"),
                layer(
                        "adapter",
                        "error",
                        "config",
                        "format",
                        "format.file",
                        "format.torch",
                        "format.safetensors",
                        "format.peft",
                        "array",
                        "array.io",
                        "method"),
                layer("method", "error", "config", "array"),
                layer(
                        "weights",
                        "error",
                        "config",
                        "format",
                        "format.safetensors",
                        "format.huggingface",
                        "format.peft",
                        "array",
                        "array.io",
                        "adapter",
                        "method",
                        "host"),
                layer("combine", "error", "config", "format.peft", "array", "adapter"),
                layer("graph", "error"),
                layer("autodiff.rules", "error"),
                layer("autodiff", "error", "autodiff.rules", "graph"),
                layer("quant", "error", "array", "graph"),
                layer("exec.kernel", "error", "array", "graph", "autodiff.rules", "quant"),
                layer("exec.plan", "graph", "exec.kernel"),
                layer(
                        "exec",
                        "error",
                        "array",
                        "graph",
                        "autodiff",
                        "autodiff.rules",
                        "exec.kernel",
                        "exec.plan",
                        "exec.onednn"),
                layer("exec.onednn", "array", "exec.kernel"),
                layer("model", "error", "config", "array", "adapter", "method", "exec", "exec.kernel"),
                layer("samediff.form", "error", "graph", "quant", "method"),
                layer(
                        "samediff",
                        "error",
                        "config",
                        "format.peft",
                        "format.samediff",
                        "array",
                        "adapter",
                        "method",
                        "graph",
                        "quant",
                        "exec",
                        "model",
                        "host",
                        "samediff.form"),
                layer(
                        "serve",
                        "error",
                        "config",
                        "array",
                        "adapter",
                        "method",
                        "graph",
                        "exec",
                        "model",
                        "host",
                        "samediff",
                        "samediff.form",
                        "dl4j",
                        "dl4j.layer"),
                layer("retention", "error", "format.json", "array"),
                layer("host", "error", "config", "format.peft", "adapter", "method", "model"),
                layer("internal.dl4j.layer", "array", "dl4j.layer", "error", "internal.dl4j.layer.embedding", "method"),
                layer("internal.dl4j.layer.dense", "array", "dl4j.layer", "error", "internal.dl4j.layer", "method"),
                layer("internal.dl4j.layer.convolution", "array", "dl4j.layer", "internal.dl4j.layer", "method"),
                layer("internal.dl4j.layer.recurrent", "array", "dl4j.layer", "internal.dl4j.layer", "internal.dl4j.layer.dense", "method"),
                layer("internal.dl4j.layer.attention", "array", "dl4j.layer", "error", "internal.dl4j.layer", "method"),
                layer("internal.dl4j.layer.embedding", "array", "dl4j.layer", "internal.dl4j.layer", "method"),
                layer("internal.dl4j.layer.frozen", "array", "dl4j.layer", "error", "internal.dl4j.layer", "method"),
                layer("dl4j.layer", "array", "config", "error", "internal.dl4j.layer", "internal.dl4j.layer.attention", "internal.dl4j.layer.convolution", "internal.dl4j.layer.dense", "internal.dl4j.layer.embedding", "internal.dl4j.layer.frozen", "internal.dl4j.layer.recurrent", "method"),
                layer(
                        "dl4j",
                        "error",
                        "config",
                        "format",
                        "format.file",
                        "format.safetensors",
                        "format.peft",
                        "format.dl4j",
                        "array",
                        "array.io",
                        "adapter",
                        "method",
                        "exec",
                        "model",
                        "host",
                        "train.cache",
                        "dl4j.layer", "internal.dl4j.layer"),
                layer("train.checkpoint", "error", "format", "format.file", "format.safetensors", "array.io"),
                layer("train.cache", "error", "exec"),
                layer("train", "error", "format.file", "array", "exec", "model", "train.checkpoint", "train.cache"),
                layer(
                        "continual",
                        "error",
                        "config",
                        "format",
                        "format.file",
                        "format.json",
                        "format.safetensors",
                        "format.peft",
                        "array",
                        "array.io",
                        "adapter",
                        "combine",
                        "exec",
                        "model",
                        "train"),
                layer(
                        "pretrained",
                        "error",
                        "format",
                        "format.safetensors",
                        "format.huggingface",
                        "array",
                        "array.io",
                        "graph",
                        "model",
                        "samediff",
                        "train",
                        "train.cache"),
                layer(
                        "multitask",
                        "error",
                        "config",
                        "format",
                        "format.file",
                        "format.safetensors",
                        "array",
                        "array.io",
                        "adapter",
                        "method",
                        "combine",
                        "exec",
                        "model",
                        "samediff",
                        "host",
                        "train"),
                layer("", "error", "config", "adapter", "model", "samediff", "dl4j", "host"));
    }

    private static Arguments layer(String name, String... mayUse) {
        return arguments(
                inRoot(name), Stream.of(mayUse).map(ArchitectureTest::inRoot).toList());
    }

    private static String inRoot(String name) {
        return name.isEmpty() ? ROOT : ROOT + "." + name;
    }

    @ParameterizedTest(name = "{0}")
    @MethodSource("layers")
    void package_usesOnlyWhatItsLineNames(String name, List<String> mayUse) {
        String[] used = Stream.concat(Stream.of(name), mayUse.stream()).toArray(String[]::new);

        classes()
                .that()
                .resideInAPackage(name)
                .should()
                .onlyDependOnClassesThat(resideOutsideOfPackage(ROOT + "..").or(resideInAnyPackage(used)))
                .check(MAIN);
    }

    @Test
    void everyPackage_hasALine() {
        Set<String> lines = layers().map(line -> (String) line.get()[0]).collect(Collectors.toCollection(TreeSet::new));

        assertThat(MAIN.stream().map(JavaClass::getPackageName).distinct()).containsExactlyInAnyOrderElementsOf(lines);
    }

    @Test
    void packages_haveNoCycles() {
        slices().matching(ROOT + ".(**)")
                .should()
                .beFreeOfCycles()
                // A configuration makes its running layer, which reads the configuration, as in Deeplearning4j.
                .ignoreDependency(
                        resideInAPackage(ROOT + ".internal.dl4j.layer.."), resideInAPackage(ROOT + ".dl4j.layer"))
                .check(MAIN);
    }

    @Test
    void configErrorAndFormat_knowNoArrays() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".config..", ROOT + ".error..", ROOT + ".format..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.nd4j..", "org.bytedeco..", "org.deeplearning4j..")
                .check(MAIN);
    }

    @Test
    void arrayMethodAdapterAndCombine_knowNoGraphs() {
        noClasses()
                .that()
                .resideInAnyPackage(ROOT + ".array..", ROOT + ".method..", ROOT + ".adapter..", ROOT + ".combine..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.nd4j.autodiff..", "org.deeplearning4j..")
                .check(MAIN);
    }

    @Test
    void train_knowsNoGraphs() {
        noClasses()
                .that()
                .resideInAPackage(ROOT + ".train..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.nd4j.autodiff..")
                .because("training reaches a graph through GraphExecutor only")
                .check(MAIN);
    }

    @Test
    void deeplearning4j_isUsedByItsHostOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + ".dl4j..", ROOT + ".internal.dl4j..", ROOT + ".serve", ROOT)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.deeplearning4j..")
                .because("only what is given to users takes networks besides their host")
                .check(MAIN);
    }

    @Test
    void tokenizerLibrary_isTouchedByOneClass() {
        noClasses()
                .that()
                .haveNameNotMatching(".*\\.HuggingFaceTextTokenizer(\\$.*)?")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl..")
                .because("it is optional, so no other class may fail without it")
                .check(MAIN);
    }

    @Test
    void json_isReadByTheFormatsOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".format..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.fasterxml.jackson..")
                .check(MAIN);
    }

    @Test
    void nobody_printsToTheConsole() {
        noClasses()
                .that()
                .resideOutsideOfPackages(ROOT + ".cli..", ROOT + ".report..")
                .should()
                .accessField(System.class, "out")
                .orShould()
                .accessField(System.class, "err")
                .orShould()
                .callMethodWhere(JavaCall.Predicates.target(nameMatching("printStackTrace")))
                .check(MAIN);
    }

    @Test
    void nobody_readsSerializedObjects() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .areAssignableTo(ObjectInputStream.class)
                .because("a file must not choose the classes that it makes")
                .check(MAIN);
    }

    @Test
    void broadcasts_goThroughTheClassThatKeepsTheirArrays() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(Broadcasts.class.getName())
                .should()
                .callMethodWhere(JavaCall.Predicates.target(nameMatching("\\w*(Row|Column)Vector"))
                        .and(JavaCall.Predicates.target(owner(assignableTo(INDArray.class)))))
                .orShould()
                .dependOnClassesThat(assignableTo(BroadcastOp.class)
                        .or(simpleName("Broadcast").and(resideInAPackage("org.nd4j.."))))
                .because("the collector may free the arrays of such an op while it runs")
                .check(MAIN);
    }

    @Test
    void nobody_usesReflection_butForWhatNd4jGivesNoCall() {
        noClasses()
                .that()
                .doNotHaveFullyQualifiedName(GuardedExecutioner.class.getName())
                .should()
                .dependOnClassesThat()
                .resideInAPackage("java.lang.reflect..")
                .check(MAIN);
    }

    @Test
    void nobody_drawsFromGlobalRandomness() {
        noClasses()
                .should()
                .callMethodWhere(JavaCall.Predicates.target(nameMatching("getRandom|rand|randn|choice|shuffle"))
                        .and(JavaCall.Predicates.target(ownedBy(Nd4j.class))))
                .orShould()
                .callMethod(Math.class, "random")
                .orShould()
                .callMethod(Collections.class, "shuffle", List.class)
                .because("a run draws from its own seed, or two runs disturb each other and none repeats")
                .check(MAIN);
    }

    @Test
    void everyGenerator_hasASeed() {
        noClasses()
                .should()
                .callConstructor(Random.class)
                .orShould()
                .callConstructor(SplittableRandom.class)
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.util.concurrent.ThreadLocalRandom")
                .orShould()
                .dependOnClassesThat()
                .haveFullyQualifiedName("java.security.SecureRandom")
                .check(MAIN);
    }

    private static com.tngtech.archunit.base.DescribedPredicate<
                    com.tngtech.archunit.core.domain.properties.HasOwner<JavaClass>>
            ownedBy(Class<?> owner) {
        return describe(
                "owned by " + owner.getSimpleName(), target -> target.getOwner().isEquivalentTo(owner));
    }
}

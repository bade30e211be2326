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
import org.junit.jupiter.api.Nested;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.Arguments;
import org.junit.jupiter.params.provider.MethodSource;
import org.lora4j.internal.array.Broadcasts;
import org.lora4j.internal.array.GuardedExecutioner;
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
                layer("random"),
                layer("internal.error"),
                layer(
                        "dossier",
                        "adapter",
                        "error",
                        "trust",
                        "train",
                        "internal.format.file",
                        "internal.format.json",
                        "random"),
                layer("trust", "error", "internal.format.file", "internal.format.json"),
                layer("internal.adapter", "error", "adapter", "internal.array", "internal.format.file"),
                layer("internal.pretrained"),
                layer("internal.format.zip", "internal.format.file"),
                layer("config", "error"),
                layer("format", "error"),
                layer("internal.array", "error"),
                layer("internal.engine.autodiff.rules", "error"),
                layer("internal.format.file", "error"),
                layer("internal.format.tensor", "error", "format"),
                layer("internal.graph", "error"),
                layer("format.safetensors", "error", "format", "internal.format.file", "internal.format.tensor"),
                layer("internal.engine.autodiff", "error", "internal.engine.autodiff.rules", "internal.graph"),
                layer("internal.format.json", "error", "internal.format.file"),
                layer("internal.format.table", "error", "internal.format.file", "internal.format.json"),
                layer("method", "error", "config", "internal.array"),
                layer(
                        "internal.format.peft",
                        "error",
                        "config",
                        "internal.format.file",
                        "internal.format.json",
                        "method"),
                layer(
                        "internal.format.torch",
                        "error",
                        "internal.format.file",
                        "internal.format.tensor",
                        "internal.format.zip",
                        "format"),
                layer("quant", "error", "internal.array", "internal.array.io", "internal.graph"),
                layer("exec.kernel", "internal.array"),
                layer(
                        "internal.engine.kernel",
                        "error",
                        "internal.array",
                        "internal.engine.autodiff.rules",
                        "internal.graph",
                        "quant",
                        "exec.kernel"),
                layer(
                        "internal.array.io",
                        "error",
                        "internal.array",
                        "internal.format.file",
                        "format",
                        "format.safetensors"),
                layer("internal.dl4j.layer", "error", "internal.array", "method", "dl4j.layer"),
                layer(
                        "internal.format.dl4j",
                        "error",
                        "internal.format.file",
                        "internal.format.zip",
                        "internal.format.json"),
                layer(
                        "internal.format.huggingface",
                        "error",
                        "format",
                        "internal.format.file",
                        "internal.format.json",
                        "format.safetensors"),
                layer("internal.format.gguf", "error", "internal.format.file", "internal.array.io"),
                layer(
                        "internal.format.llama2c",
                        "error",
                        "format",
                        "internal.format.file",
                        "internal.format.json",
                        "internal.format.tensor"),
                layer("internal.encoder", "error", "internal.format.huggingface"),
                layer("internal.language.sampling", "error", "internal.format.huggingface"),
                layer(
                        "internal.language",
                        "error",
                        "config",
                        "format",
                        "internal.array",
                        "internal.array.io",
                        "internal.graph",
                        "internal.format.file",
                        "internal.format.huggingface",
                        "quant",
                        "internal.graph"),
                layer("internal.format.samediff", "error", "internal.format.json"),
                layer("retention", "error", "internal.array", "internal.format.json"),
                layer(
                        "adapter",
                        "trust",
                        "error",
                        "config",
                        "format",
                        "internal.array",
                        "internal.format.file",
                        "format.safetensors",
                        "internal.format.peft",
                        "internal.format.torch",
                        "method",
                        "internal.array.io"),
                layer("exec", "error", "internal.array", "exec.kernel"),
                layer("internal.parts", "error", "internal.array", "exec.kernel", "exec"),
                layer("internal.onednn", "error", "internal.array", "exec.kernel"),
                layer(
                        "exec.onednn",
                        "error",
                        "internal.onednn",
                        "internal.array",
                        "internal.format.file",
                        "internal.format.json",
                        "exec",
                        "exec.kernel"),
                layer(
                        "internal.checkpoint",
                        "error",
                        "format",
                        "internal.format.file",
                        "format.safetensors",
                        "internal.array.io"),
                layer(
                        "internal.dl4j.layer.attention",
                        "error",
                        "internal.array",
                        "internal.dl4j.layer",
                        "dl4j.layer",
                        "method"),
                layer(
                        "internal.dl4j.layer.convolution",
                        "internal.array",
                        "internal.dl4j.layer",
                        "dl4j.layer",
                        "method"),
                layer(
                        "internal.dl4j.layer.dense",
                        "error",
                        "internal.array",
                        "method",
                        "internal.dl4j.layer",
                        "dl4j.layer"),
                layer("internal.dl4j.layer.embedding", "internal.array", "method", "internal.dl4j.layer", "dl4j.layer"),
                layer("internal.dl4j.layer.frozen", "error", "internal.array", "internal.dl4j.layer", "dl4j.layer"),
                layer("internal.engine.plan", "internal.graph", "exec.kernel", "internal.engine.kernel"),
                layer(
                        "combine",
                        "error",
                        "config",
                        "internal.array",
                        "internal.format.json",
                        "internal.format.peft",
                        "adapter"),
                layer(
                        "internal.dl4j.layer.recurrent",
                        "internal.array",
                        "internal.dl4j.layer",
                        "internal.dl4j.layer.dense",
                        "dl4j.layer"),
                layer(
                        "internal.engine",
                        "error",
                        "internal.array",
                        "internal.engine.autodiff.rules",
                        "internal.graph",
                        "internal.engine.autodiff",
                        "exec.kernel",
                        "internal.engine.kernel",
                        "exec",
                        "exec.onednn",
                        "internal.engine.plan",
                        "quant",
                        "internal.parts"),
                layer("model", "config", "method", "adapter"),
                layer("train.cache", "error", "exec"),
                layer(
                        "dl4j.layer",
                        "error",
                        "config",
                        "internal.array",
                        "method",
                        "internal.dl4j.layer",
                        "internal.dl4j.layer.attention",
                        "internal.dl4j.layer.convolution",
                        "internal.dl4j.layer.dense",
                        "internal.dl4j.layer.embedding",
                        "internal.dl4j.layer.frozen",
                        "internal.dl4j.layer.recurrent",
                        "internal.format.file"),
                layer("internal.cache", "error", "exec", "train.cache"),
                layer("internal.dl4j.cache", "internal.cache"),
                layer(
                        "internal.host",
                        "internal.adapter",
                        "error",
                        "internal.error",
                        "config",
                        "internal.array",
                        "internal.format.peft",
                        "method",
                        "adapter",
                        "model",
                        "trust"),
                layer("internal.samediff.form", "error", "internal.graph", "method", "quant", "model"),
                layer(
                        "dl4j",
                        "internal.adapter",
                        "error",
                        "config",
                        "format",
                        "internal.array",
                        "internal.format.file",
                        "format.safetensors",
                        "internal.format.peft",
                        "method",
                        "internal.array.io",
                        "internal.dl4j.layer",
                        "internal.format.dl4j",
                        "adapter",
                        "exec",
                        "model",
                        "train",
                        "train.cache",
                        "dl4j.layer",
                        "internal.cache",
                        "internal.dl4j.cache",
                        "internal.host"),
                layer(
                        "train",
                        "trust",
                        "error",
                        "internal.error",
                        "config",
                        "internal.array",
                        "internal.array.io",
                        "method",
                        "internal.format.file",
                        "internal.format.json",
                        "exec.kernel",
                        "exec",
                        "internal.checkpoint",
                        "train.cache",
                        "internal.cache",
                        "internal.parts"),
                layer(
                        "weights",
                        "internal.adapter",
                        "error",
                        "config",
                        "format",
                        "internal.array",
                        "format.safetensors",
                        "internal.format.peft",
                        "method",
                        "internal.array.io",
                        "internal.format.huggingface",
                        "adapter",
                        "model",
                        "internal.host"),
                layer(
                        "continual",
                        "error",
                        "config",
                        "format",
                        "internal.array",
                        "internal.format.file",
                        "format.safetensors",
                        "internal.format.json",
                        "internal.format.peft",
                        "internal.array.io",
                        "adapter",
                        "exec",
                        "combine",
                        "model",
                        "train"),
                layer(
                        "pretrained",
                        "tokenizer",
                        "internal.encoder",
                        "internal.pretrained",
                        "error",
                        "config",
                        "format",
                        "internal.array",
                        "internal.graph",
                        "internal.array.io",
                        "internal.format.file",
                        "internal.format.huggingface",
                        "internal.format.torch",
                        "internal.tokenizer",
                        "internal.onnx",
                        "train.cache",
                        "train"),
                layer("internal.tokenizer.expression", "error"),
                layer(
                        "internal.tokenizer",
                        "error",
                        "internal.format.file",
                        "internal.tokenizer.directory",
                        "internal.tokenizer.expression"),
                layer(
                        "internal.tokenizer.directory",
                        "error",
                        "internal.format.file",
                        "internal.format.huggingface",
                        "internal.format.json"),
                layer("tokenizer", "error", "internal.tokenizer"),
                layer("internal.onnx", "error", "internal.format.file", "internal.array"),
                layer("internal.language.chat"),
                layer(
                        "internal.language.decode",
                        "error",
                        "exec",
                        "internal.onednn",
                        "internal.array",
                        "internal.array.io",
                        "internal.language",
                        "quant"),
                layer("internal.language.training", "exec.kernel", "exec", "internal.language", "train"),
                layer(
                        "language",
                        "internal.tokenizer.directory",
                        "tokenizer",
                        "trust",
                        "error",
                        "internal.error",
                        "internal.serve",
                        "adapter",
                        "config",
                        "method",
                        "model",
                        "samediff",
                        "serve",
                        "weights",
                        "exec",
                        "internal.array",
                        "internal.array.io",
                        "internal.format.file",
                        "internal.format.huggingface",
                        "internal.tokenizer",
                        "internal.language",
                        "internal.language.decode",
                        "internal.language.sampling",
                        "internal.language.training",
                        "internal.language.chat",
                        "format",
                        "format.safetensors",
                        "internal.export",
                        "internal.format.json",
                        "internal.format.llama2c",
                        "internal.format.table",
                        "quant",
                        "train"),
                layer(
                        "samediff",
                        "internal.adapter",
                        "error",
                        "config",
                        "internal.array",
                        "internal.array.io",
                        "internal.format.file",
                        "internal.graph",
                        "internal.format.peft",
                        "method",
                        "quant",
                        "internal.format.samediff",
                        "adapter",
                        "exec",
                        "internal.engine",
                        "model",
                        "internal.host",
                        "internal.samediff.form",
                        "train",
                        "internal.parts"),
                layer(
                        "",
                        "error",
                        "config",
                        "adapter",
                        "exec",
                        "internal.engine",
                        "model",
                        "dl4j",
                        "samediff",
                        "internal.host"),
                layer(
                        "multitask",
                        "error",
                        "config",
                        "format",
                        "internal.array",
                        "internal.format.file",
                        "format.safetensors",
                        "method",
                        "internal.array.io",
                        "adapter",
                        "exec",
                        "combine",
                        "train",
                        "samediff"),
                layer(
                        "internal.text",
                        "trust",
                        "internal.error",
                        "internal.pretrained",
                        "internal.parts",
                        "exec.kernel",
                        "error",
                        "config",
                        "format",
                        "format.safetensors",
                        "internal.format.file",
                        "internal.array",
                        "internal.array.io",
                        "internal.format.file",
                        "internal.format.json",
                        "adapter",
                        "exec",
                        "model",
                        "train",
                        "pretrained",
                        "weights",
                        "samediff",
                        "internal.engine",
                        "internal.host"),
                layer(
                        "text",
                        "internal.tokenizer",
                        "trust",
                        "internal.adapter",
                        "error",
                        "internal.error",
                        "config",
                        "internal.format.file",
                        "internal.format.huggingface",
                        "internal.format.table",
                        "internal.text",
                        "adapter",
                        "exec",
                        "model",
                        "train",
                        "pretrained",
                        "weights",
                        "samediff",
                        "internal.engine",
                        "internal.array"),
                layer(
                        "internal.image",
                        "error",
                        "format",
                        "internal.array.io",
                        "internal.encoder",
                        "internal.format.file",
                        "internal.format.huggingface",
                        "internal.graph",
                        "internal.text",
                        "pretrained",
                        "random",
                        "weights"),
                layer(
                        "image",
                        "trust",
                        "error",
                        "config",
                        "format",
                        "format.safetensors",
                        "internal.adapter",
                        "internal.array.io",
                        "internal.engine",
                        "internal.format.file",
                        "internal.format.json",
                        "internal.image",
                        "internal.text",
                        "adapter",
                        "pretrained",
                        "random",
                        "samediff",
                        "text",
                        "train",
                        "weights"),
                layer(
                        "internal.export",
                        "internal.tokenizer",
                        "train",
                        "error",
                        "config",
                        "format",
                        "format.safetensors",
                        "internal.array.io",
                        "internal.format.file",
                        "internal.format.json",
                        "internal.format.peft",
                        "internal.onnx",
                        "adapter",
                        "weights",
                        "pretrained",
                        "internal.array",
                        "internal.format.gguf",
                        "internal.format.huggingface",
                        "internal.language"),
                layer(
                        "export",
                        "error",
                        "config",
                        "format",
                        "format.safetensors",
                        "internal.array",
                        "internal.array.io",
                        "internal.format.file",
                        "internal.format.json",
                        "internal.onnx",
                        "internal.export",
                        "adapter",
                        "weights",
                        "pretrained",
                        "text",
                        "internal.format.gguf",
                        "language",
                        "internal.language"),
                layer("internal.serve", "trust", "error", "adapter", "config", "internal.array"),
                layer(
                        "serve",
                        "trust",
                        "error",
                        "internal.error",
                        "internal.serve",
                        "config",
                        "internal.array",
                        "internal.graph",
                        "method",
                        "adapter",
                        "exec",
                        "internal.engine",
                        "dl4j.layer",
                        "internal.samediff.form",
                        "dl4j",
                        "quant",
                        "samediff",
                        "internal.parts"),
                layer(
                        "serve.text",
                        "tokenizer",
                        "adapter",
                        "error",
                        "internal.array",
                        "internal.format.file",
                        "internal.serve",
                        "internal.text",
                        "pretrained",
                        "serve",
                        "text",
                        "trust"),
                layer("internal.http", "error", "internal.format.json"),
                layer("internal.server", "error", "internal.http", "language", "serve", "serve.text"),
                layer(
                        "internal.server.tei",
                        "tokenizer",
                        "error",
                        "internal.http",
                        "internal.server",
                        "pretrained",
                        "serve",
                        "serve.text",
                        "text",
                        "trust"),
                layer(
                        "internal.server.inference",
                        "error",
                        "internal.http",
                        "internal.server",
                        "serve",
                        "serve.text",
                        "text",
                        "trust"),
                layer("internal.server.openai", "error", "internal.http", "internal.server", "language", "serve"),
                layer("internal.server.page", "internal.http"),
                layer("internal.server.admin", "error", "internal.http", "internal.server", "serve", "serve.text"),
                layer(
                        "server",
                        "error",
                        "internal.http",
                        "internal.server",
                        "internal.server.admin",
                        "internal.server.inference",
                        "internal.server.openai",
                        "internal.server.page",
                        "internal.server.tei",
                        "language",
                        "serve",
                        "serve.text",
                        "text",
                        "trust"),
                layer("internal.advice", "error", "exec", "internal.array", "internal.text", "train"),
                layer(
                        "advice",
                        "error",
                        "internal.error",
                        "config",
                        "internal.advice",
                        "internal.array",
                        "internal.format.json",
                        "internal.text",
                        "adapter",
                        "combine",
                        "exec",
                        "model",
                        "pretrained",
                        "retention",
                        "samediff",
                        "text",
                        "train",
                        "train.cache"),
                layer(
                        "internal.interpret",
                        "error",
                        "internal.array",
                        "internal.engine",
                        "internal.graph",
                        "exec",
                        "dl4j",
                        "samediff",
                        "train"),
                layer("internal.report", "error"),
                layer("internal.report.html", "internal.format.file", "internal.report"),
                layer(
                        "report",
                        "error",
                        "advice",
                        "config",
                        "continual",
                        "internal.format.file",
                        "internal.format.json",
                        "internal.report",
                        "internal.report.html",
                        "interpret",
                        "language",
                        "model",
                        "multitask",
                        "retention",
                        "samediff",
                        "text",
                        "train",
                        "train.cache",
                        "trust"),
                layer(
                        "interpret",
                        "tokenizer",
                        "error",
                        "config",
                        "internal.array",
                        "internal.array.io",
                        "internal.engine",
                        "internal.format.json",
                        "internal.format.peft",
                        "internal.interpret",
                        "method",
                        "adapter",
                        "combine",
                        "weights",
                        "exec",
                        "model",
                        "pretrained",
                        "text",
                        "train",
                        "samediff",
                        "dl4j"));
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
        String[] used = Stream.concat(Stream.of(name, inRoot("random")), mayUse.stream())
                .toArray(String[]::new);

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
                .resideInAnyPackage(
                        ROOT + ".config..", ROOT + ".error..", ROOT + ".format..", ROOT + ".internal.format..")
                .should()
                .dependOnClassesThat()
                .resideInAnyPackage("org.nd4j..", "org.bytedeco..", "org.deeplearning4j..")
                .check(MAIN);
    }

    @Test
    void arrayMethodAdapterAndCombine_knowNoGraphs() {
        noClasses()
                .that()
                .resideInAnyPackage(
                        ROOT + ".internal.array..", ROOT + ".method..", ROOT + ".adapter..", ROOT + ".combine..")
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
                .resideOutsideOfPackages(
                        ROOT + ".dl4j..",
                        ROOT + ".internal.dl4j..",
                        ROOT + ".internal.interpret",
                        ROOT + ".interpret",
                        ROOT + ".serve",
                        ROOT)
                .should()
                .dependOnClassesThat()
                .resideInAPackage("org.deeplearning4j..")
                .because("only what is given to users takes networks besides their host")
                .check(MAIN);
    }

    @Test
    void tokenizers_areJavaAlone() {
        noClasses()
                .should()
                .dependOnClassesThat()
                .resideInAPackage("ai.djl..")
                .because("its native code ends the process on files and texts of strangers")
                .check(MAIN);
    }

    @Test
    void json_isReadByTheFormatsOnly() {
        noClasses()
                .that()
                .resideOutsideOfPackages(
                        ROOT + ".format..",
                        ROOT + ".internal.format..",
                        ROOT + ".internal.tokenizer",
                        // Requests and answers are JSON.
                        ROOT + ".internal.http",
                        ROOT + ".internal.server..")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("com.fasterxml.jackson..")
                .check(MAIN);
    }

    @Test
    void netty_isKnownToOnePackage() {
        noClasses()
                .that()
                .resideOutsideOfPackage(ROOT + ".internal.http")
                .should()
                .dependOnClassesThat()
                .resideInAPackage("io.netty..")
                .because("an endpoint knows nothing of connections")
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

    /** Here, as reading all classes takes longer than looking at them. */
    @Nested
    class NativeMemory extends NativeMemoryTest {}

    /** For the same reason. */
    @Nested
    class PublicApi extends PublicApiTest {}

    private static com.tngtech.archunit.base.DescribedPredicate<
                    com.tngtech.archunit.core.domain.properties.HasOwner<JavaClass>>
            ownedBy(Class<?> owner) {
        return describe(
                "owned by " + owner.getSimpleName(), target -> target.getOwner().isEquivalentTo(owner));
    }
}

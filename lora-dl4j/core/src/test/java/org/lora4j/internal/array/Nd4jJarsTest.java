/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatCode;

import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.jar.JarEntry;
import java.util.jar.JarOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.ValueSource;

/** Jars by hand, and what is said of them together. */
class Nd4jJarsTest {

    private static final String ND4J = "org/nd4j/linalg/factory/Nd4j.class";

    @TempDir
    private Path folder;

    private Path jar(String name, Map<String, String> entries) throws IOException {
        Path jar = folder.resolve(name);
        try (JarOutputStream out = new JarOutputStream(Files.newOutputStream(jar))) {
            for (Map.Entry<String, String> entry : entries.entrySet()) {
                out.putNextEntry(new JarEntry(entry.getKey()));
                out.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
                out.closeEntry();
            }
        }
        return jar;
    }

    private static List<String> problems(Path... jars) throws IOException {
        URL[] urls = new URL[jars.length];
        for (int i = 0; i < jars.length; i++) {
            urls[i] = jars[i].toUri().toURL();
        }
        try (URLClassLoader loader = new URLClassLoader(urls, null)) {
            return Nd4jJars.problems(loader);
        }
    }

    private static String pom(String group, String artifact) {
        return "META-INF/maven/" + group + "/" + artifact + "/pom.properties";
    }

    @ParameterizedTest
    @ValueSource(
            strings = {
                ND4J,
                "org/nd4j/linalg/api/ndarray/INDArray.class",
                "org/nd4j/autodiff/samediff/SameDiff.class",
                "org/nd4j/common/config/ND4JSystemProperties.class",
                "org/nd4j/linalg/cpu/nativecpu/CpuBackend.class",
                "org/deeplearning4j/nn/multilayer/MultiLayerNetwork.class"
            })
    void oneClassInTwoJars_namesBoth(String marker) throws IOException {
        Path ours = jar("nd4j-api-1.0.0-M2.1.jar", Map.of(marker, "one"));
        Path rewrite = jar("nd4j-api-2.0.0.jar", Map.of(marker, "other"));

        assertThat(problems(ours, rewrite))
                .singleElement()
                .asString()
                .startsWith("the class " + marker.replace('/', '.').replace(".class", "") + " is in ")
                .contains(ours.toString(), rewrite.toString());
        assertThat(problems(ours)).isEmpty();
    }

    @Test
    void severalClassesOfTheSameJars_areOneProblem() throws IOException {
        Map<String, String> one = Map.of(ND4J, "1", "org/nd4j/linalg/api/ndarray/INDArray.class", "1");
        Map<String, String> other = Map.of(ND4J, "2", "org/nd4j/linalg/api/ndarray/INDArray.class", "2");

        assertThat(problems(jar("a.jar", one), jar("b.jar", other))).hasSize(1);
    }

    @Test
    void copiesOfAJar_areNoMixture() throws IOException {
        Map<String, String> same = Map.of(ND4J, "one", pom("org.nd4j", "nd4j-api"), "version=1.0.0-M2.1\n");

        assertThat(problems(jar("a.jar", same), jar("b.jar", same))).isEmpty();
    }

    @Test
    void apiAndNativesOfDifferentVersions_areNamed() throws IOException {
        Path api = jar("api.jar", Map.of(pom("org.nd4j", "nd4j-api"), "version=1.0.0-M2.1\n"));
        Path natives = jar("natives.jar", Map.of(pom("org.nd4j", "nd4j-native"), "version=1.0.0-beta7\n"));

        assertThat(problems(api, natives))
                .singleElement()
                .asString()
                .contains("1.0.0-M2.1=[org.nd4j:nd4j-api (" + api + ")]")
                .contains("1.0.0-beta7=[org.nd4j:nd4j-native (" + natives + ")]");
    }

    @Test
    void partsOfTheRewrite_beside_ours_areNamedByTheirGroup() throws IOException {
        Path api = jar("api.jar", Map.of(pom("org.nd4j", "nd4j-api"), "version=1.0.0-M2.1\n"));
        Path other = jar("other.jar", Map.of(pom("org.eclipse.deeplearning4j", "nd4j-native"), "version=2.0.0\n"));

        assertThat(problems(api, other)).singleElement().asString().contains("org.eclipse.deeplearning4j:nd4j-native");
    }

    @Test
    void thisClassPath_isNone() {
        assertThatCode(Nd4jJars::require).doesNotThrowAnyException();
    }
}

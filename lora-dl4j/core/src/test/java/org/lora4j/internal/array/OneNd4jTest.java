/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import static org.assertj.core.api.Assertions.assertThat;

import java.io.File;
import java.io.IOException;
import java.net.URL;
import java.net.URLClassLoader;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.List;
import java.util.Map;
import java.util.zip.ZipEntry;
import java.util.zip.ZipOutputStream;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.api.io.TempDir;
import org.lora4j.adapter.Adapter;

class OneNd4jTest {

    private static final String ND4J = "org/nd4j/linalg/factory/Nd4j.class";
    private static final String NETWORK = "org/deeplearning4j/nn/multilayer/MultiLayerNetwork.class";
    private static final String RELEASE = "META-INF/maven/org.nd4j/nd4j-api/pom.properties";
    private static final String NATIVE = "META-INF/maven/org.nd4j/nd4j-native/pom.properties";
    private static final String REWRITE = "META-INF/maven/org.eclipse.deeplearning4j/nd4j-api/pom.properties";

    @TempDir
    Path folder;

    @Test
    void twoBuildsOfAClass_areNamedWithTheirJars() throws IOException {
        Path one = jar("one.jar", Map.of(ND4J, "1", NETWORK, "1"));
        Path two = jar("two.jar", Map.of(ND4J, "2", NETWORK, "2"));

        assertThat(mixtures(one, two))
                .singleElement()
                .asString()
                .contains(
                        "class org.nd4j.linalg.factory.Nd4j is in ",
                        "file:" + one + " and in file:" + two);
    }

    @Test
    void networksAlone_inTwoBuilds_areNamed() throws IOException {
        Path one = jar("one.jar", Map.of(ND4J, "1", NETWORK, "1"));
        Path two = jar("two.jar", Map.of(NETWORK, "2"));

        assertThat(mixtures(one, two)).singleElement().asString().contains("MultiLayerNetwork is in ", "two.jar");
    }

    @Test
    void theSameJarTwice_isNoMixture() throws IOException {
        Path one = jar("one.jar", Map.of(ND4J, "1", RELEASE, "version=1.0.0-M2.1"));
        Path copy = Files.copy(one, folder.resolve("copy.jar"));

        assertThat(mixtures(one, copy)).isEmpty();
    }

    @Test
    void groupsThatAreMixed_withoutAClassInTwoJars_areNamed() throws IOException {
        Path api = jar("api.jar", Map.of(ND4J, "2", REWRITE, "version=1.0.0-M2.1"));
        Path natives = jar("natives.jar", Map.of(NATIVE, "version=1.0.0-M2.1"));

        assertThat(mixtures(api, natives))
                .singleElement()
                .asString()
                .contains("org.eclipse.deeplearning4j:nd4j-api:1.0.0-M2.1 (file:" + api + ")")
                .contains("org.nd4j:nd4j-native:1.0.0-M2.1 (file:" + natives + ")");
    }

    @Test
    void versionsThatAreMixed_areNamed() throws IOException {
        Path api = jar("api.jar", Map.of(ND4J, "1", RELEASE, "version=1.0.0-M2.1"));
        Path natives = jar("natives.jar", Map.of(NATIVE, "version=1.0.0-beta7"));

        assertThat(mixtures(api, natives)).singleElement().asString().contains("nd4j-native:1.0.0-beta7");
    }

    @Test
    void thisClassPath_isNoMixture() {
        assertThat(OneNd4j.mixtures(OneNd4j.class.getClassLoader())).isEmpty();
    }

    /** The other jar comes first, as Maven may have it: no class of it may run before both are named. */
    @Test
    void program_withBothOnItsClassPath_endsWithBothNames() throws IOException, InterruptedException {
        Path rewrite = jar("rewrite.jar", Map.of(ND4J, "other bytes", REWRITE, "version=1.0.0-SNAPSHOT"));
        ProcessBuilder java = new ProcessBuilder(
                Path.of(System.getProperty("java.home"), "bin", "java").toString(),
                "-Xmx256m",
                "-XX:TieredStopAtLevel=1",
                "-XX:+UseSerialGC",
                "-cp",
                rewrite + File.pathSeparator + System.getProperty("java.class.path"),
                Program.class.getName(),
                folder.toString());
        Process process = java.redirectErrorStream(true).start();
        String said = new String(process.getInputStream().readAllBytes(), StandardCharsets.UTF_8);

        assertThat(process.waitFor()).isEqualTo(1);
        assertThat(said)
                .contains("IllegalStateException: ND4J: ", rewrite.toString(), "nd4j-api-1.0.0-M2.1.jar")
                .contains("exclude the group org.eclipse.deeplearning4j")
                .doesNotContain("ClassFormatError");
    }

    /** What a user's program begins with. */
    static final class Program {
        private Program() {}

        public static void main(String[] args) throws IOException {
            Adapter.load(Path.of(args[0]));
        }
    }

    private List<String> mixtures(Path... jars) throws IOException {
        URL[] urls = new URL[jars.length];
        for (int i = 0; i < jars.length; i++) {
            urls[i] = jars[i].toUri().toURL();
        }
        try (URLClassLoader loader = new URLClassLoader(urls, null)) {
            return OneNd4j.mixtures(loader);
        }
    }

    private Path jar(String name, Map<String, String> entries) throws IOException {
        Path file = folder.resolve(name);
        try (ZipOutputStream zip = new ZipOutputStream(Files.newOutputStream(file))) {
            for (Map.Entry<String, String> entry : entries.entrySet()) {
                zip.putNextEntry(new ZipEntry(entry.getKey()));
                zip.write(entry.getValue().getBytes(StandardCharsets.UTF_8));
                zip.closeEntry();
            }
        }
        return file;
    }
}

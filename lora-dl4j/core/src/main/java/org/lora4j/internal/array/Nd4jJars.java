/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.io.ByteArrayInputStream;
import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.net.URLConnection;
import java.nio.ByteBuffer;
import java.util.ArrayList;
import java.util.Collections;
import java.util.LinkedHashMap;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Map;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.error.MessageText;
import org.lora4j.error.MixedClassPathException;
import org.lora4j.error.Problems;

/**
 * Whether the class path has one ND4J. The rewrite of Deeplearning4j is published as {@code org.eclipse.deeplearning4j}, with the same names
 * of classes, so that a build may take both; Java then takes each class from whichever jar comes first.
 *
 * <p>Copies of one jar, as Spark and application servers make them, are no mixture: classes are compared by their bytes.
 *
 * @apiNote Status: internal
 */
public final class Nd4jJars {

    /** A class of each jar with names that both have. */
    private static final List<String> MARKERS = List.of(
            "org/nd4j/linalg/factory/Nd4j.class",
            "org/nd4j/linalg/api/ndarray/INDArray.class",
            "org/nd4j/autodiff/samediff/SameDiff.class",
            "org/nd4j/common/config/ND4JSystemProperties.class",
            "org/nd4j/linalg/cpu/nativecpu/CpuBackend.class",
            "org/deeplearning4j/nn/multilayer/MultiLayerNetwork.class");

    private static final List<String> GROUPS = List.of("org.nd4j", "org.deeplearning4j", "org.eclipse.deeplearning4j");

    /** What has to be of one version. */
    private static final List<String> ARTIFACTS = List.of(
            "nd4j-api", "nd4j-common", "nd4j-native", "nd4j-native-api", "nd4j-presets-common", "deeplearning4j-nn");

    private Nd4jJars() {}

    /** Looked at once, as the class path of a loader does not change. */
    private static final class Found {

        private static final List<String> PROBLEMS = problems(Nd4jJars.class.getClassLoader());
    }

    /**
     * Checks the class path of this library.
     *
     * @throws MixedClassPathException if it has classes or versions of two releases; the message names the jars
     */
    public static void require() {
        if (!Found.PROBLEMS.isEmpty()) {
            Problems problems = new Problems();
            problems.addAll(Found.PROBLEMS);
            throw new MixedClassPathException(problems.message("class path")
                    + ". Nothing runs on a mixture: take out all but org.nd4j and org.deeplearning4j of one version, with"
                    + " exclusions in your build; mvn dependency:tree shows who brings them.");
        }
    }

    /** What is mixed among the jars of a loader. */
    static List<String> problems(ClassLoader loader) {
        List<String> problems = new ArrayList<>();
        try {
            Map<Set<String>, String> classes = new LinkedHashMap<>();
            for (String marker : MARKERS) {
                Set<String> jars = different(loader, marker);
                if (jars.size() > 1) {
                    classes.putIfAbsent(jars, marker);
                }
            }
            classes.forEach((jars, marker) -> problems.add("the class "
                    + marker.replace('/', '.').replaceFirst("\\.class$", "") + " is in " + Problems.quoted(jars)
                    + ", expected one jar"));
            Map<String, Set<String>> versions = versions(loader);
            if (versions.size() > 1) {
                problems.add("versions " + versions + ", expected one version of all");
            }
        } catch (IOException e) {
            // What cannot be looked at cannot be told; whoever loads a class from there says so.
            return List.of();
        }
        return problems;
    }

    /** Where a resource lies, once for each content. */
    private static Set<String> different(ClassLoader loader, String resource) throws IOException {
        List<URL> urls = Collections.list(loader.getResources(resource));
        if (urls.size() < 2) {
            return Set.of();
        }
        Map<ByteBuffer, String> byContent = new LinkedHashMap<>();
        for (URL url : urls) {
            byContent.putIfAbsent(ByteBuffer.wrap(read(url)), place(url, resource));
        }
        return new LinkedHashSet<>(byContent.values());
    }

    private static byte[] read(URL url) throws IOException {
        URLConnection connection = url.openConnection();
        // A cached jar would stay open.
        connection.setUseCaches(false);
        try (InputStream in = connection.getInputStream()) {
            return in.readAllBytes();
        }
    }

    private static String place(URL url, String resource) {
        String whole = url.toString();
        String jar = whole.substring(0, whole.length() - resource.length());
        return MessageText.bounded(
                jar.replaceFirst("^jar:", "").replaceFirst("!?/$", "").replaceFirst("^file:", ""));
    }

    /** The artifacts by version. */
    private static Map<String, Set<String>> versions(ClassLoader loader) throws IOException {
        Map<String, Set<String>> versions = new TreeMap<>();
        for (String group : GROUPS) {
            for (String artifact : ARTIFACTS) {
                String resource = "META-INF/maven/" + group + "/" + artifact + "/pom.properties";
                for (URL url : Collections.list(loader.getResources(resource))) {
                    Properties properties = new Properties();
                    properties.load(new ByteArrayInputStream(read(url)));
                    versions.computeIfAbsent(properties.getProperty("version", "unknown"), v -> new LinkedHashSet<>())
                            .add(group + ":" + artifact + " (" + place(url, resource) + ")");
                }
            }
        }
        return versions;
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.array;

import java.io.IOException;
import java.io.InputStream;
import java.net.URL;
import java.util.ArrayList;
import java.util.Arrays;
import java.util.Collections;
import java.util.HashSet;
import java.util.List;
import java.util.Properties;
import java.util.Set;
import java.util.TreeMap;
import org.lora4j.error.Problems;

/**
 * Looks whether the class path holds one build of ND4J and Deeplearning4j. Their rewrite is published under another group with the same
 * names of classes, so Maven takes both, and the order of jars decides which class comes from which.
 *
 * <p><b>State.</b> Remembers that all was well. <b>Threads.</b> Any.
 *
 * @apiNote Status: internal
 */
public final class OneNd4j {

    private static final List<String> CLASSES = List.of(
            "org/nd4j/linalg/factory/Nd4j.class",
            "org/nd4j/linalg/api/ndarray/INDArray.class",
            "org/nd4j/autodiff/samediff/SameDiff.class",
            "org/nd4j/linalg/cpu/nativecpu/CpuBackend.class",
            "org/nd4j/common/config/ND4JSystemProperties.class",
            "org/deeplearning4j/nn/multilayer/MultiLayerNetwork.class");

    private static final List<String> GROUPS = List.of("org.nd4j", "org.deeplearning4j", "org.eclipse.deeplearning4j");

    private static final List<String> ARTIFACTS =
            List.of("nd4j-api", "nd4j-common", "nd4j-native", "nd4j-native-api", "deeplearning4j-nn");

    private static volatile boolean checked;

    private OneNd4j() {}

    /**
     * Checks the class path of this library, once.
     *
     * @throws IllegalStateException if a class of ND4J is there in two builds, or artifacts of two versions are; the message names the jars
     */
    public static void require() {
        if (!checked) {
            List<String> found = mixtures(OneNd4j.class.getClassLoader());
            if (!found.isEmpty()) {
                Problems problems = new Problems();
                found.forEach(problems::add);
                throw new IllegalStateException(
                        problems.message("ND4J")
                                + ". Nothing can be computed with a mixture: keep org.nd4j and org.deeplearning4j in one version, and"
                                + " exclude the group org.eclipse.deeplearning4j. \"mvn dependency:tree\" shows who brings it.");
            }
            checked = true;
        }
    }

    /**
     * What is mixed on a class path.
     *
     * @param loader of the class path
     * @return a sentence for each class that is there in two builds, and one for artifacts of several groups or versions; empty if all is well
     */
    static List<String> mixtures(ClassLoader loader) {
        List<String> problems = new ArrayList<>();
        Set<List<String>> named = new HashSet<>();
        for (String name : CLASSES) {
            List<String> jars = jarsOfBuilds(loader, name);
            // The same two jars once, not for each of their classes.
            if (jars.size() > 1 && named.add(jars)) {
                problems.add("class " + name.replace('/', '.').replace(".class", "") + " is in "
                        + String.join(" and in ", jars) + ", expected one jar");
            }
        }
        TreeMap<String, List<String>> versions = versions(loader);
        if (versions.size() > 1) {
            List<String> each = new ArrayList<>();
            versions.forEach((version, artifacts) -> each.add(String.join(", ", artifacts)));
            problems.add("there are " + String.join("; and ", each) + "; expected one group and one version");
        }
        return problems;
    }

    /** Jars that have a class with other bytes than those before them. The same jar twice is no mixture. */
    private static List<String> jarsOfBuilds(ClassLoader loader, String name) {
        List<String> jars = new ArrayList<>();
        Set<Integer> builds = new HashSet<>();
        for (URL url : resources(loader, name)) {
            try (InputStream in = url.openStream()) {
                if (builds.add(Arrays.hashCode(in.readAllBytes()))) {
                    jars.add(jar(url, name));
                }
            } catch (IOException e) {
                throw new IllegalStateException("ND4J: cannot read " + url + " (" + e + ")", e);
            }
        }
        return jars;
    }

    /** Artifacts with their jars, by family and version: those of org.nd4j and org.deeplearning4j are released together. */
    private static TreeMap<String, List<String>> versions(ClassLoader loader) {
        TreeMap<String, List<String>> found = new TreeMap<>();
        for (String group : GROUPS) {
            for (String artifact : ARTIFACTS) {
                String name = "META-INF/maven/" + group + "/" + artifact + "/pom.properties";
                for (URL url : resources(loader, name)) {
                    String version = version(url);
                    String family = group.startsWith("org.eclipse.") ? "rewrite" : "release";
                    found.computeIfAbsent(family + version, key -> new ArrayList<>())
                            .add(group + ":" + artifact + ":" + version + " (" + jar(url, name) + ")");
                }
            }
        }
        return found;
    }

    private static String version(URL url) {
        Properties properties = new Properties();
        try (InputStream in = url.openStream()) {
            properties.load(in);
        } catch (IOException e) {
            throw new IllegalStateException("ND4J: cannot read " + url + " (" + e + ")", e);
        }
        return properties.getProperty("version", "?");
    }

    private static List<URL> resources(ClassLoader loader, String name) {
        try {
            return Collections.list(loader.getResources(name));
        } catch (IOException e) {
            throw new IllegalStateException("ND4J: cannot look for " + name + " on the class path (" + e + ")", e);
        }
    }

    /** {@code file:/a/b.jar} of {@code jar:file:/a/b.jar!/c}; a folder as it is. */
    private static String jar(URL url, String name) {
        String text = url.toString();
        int end = text.lastIndexOf("!/");
        return end < 0 ? text.replace(name, "") : text.substring(text.startsWith("jar:") ? 4 : 0, end);
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.characters;

import java.io.FileNotFoundException;
import java.io.IOException;
import java.net.JarURLConnection;
import java.net.URL;
import java.nio.charset.StandardCharsets;
import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Arrays;
import java.util.List;
import java.util.jar.JarEntry;
import java.util.jar.JarFile;

/**
 * A text to learn from and one to measure with, as numbers of {@link Alphabet}.
 *
 * @param name what it is
 * @param training the part to learn from
 * @param heldOut the part that nothing learns from
 */
record Text(String name, int[] training, int[] heldOut) {

    private static final double SHARE_FOR_TRAINING = 0.9;
    private static final String JAVA_SOURCE = "org/apache/commons/lang3/StringUtils.java";
    /** Of the files of a source jar in the order of their names. */
    private static final int ONE_HELD_OUT_OF = 10;

    private static final String END_OF_LICENSE = "*/\n";

    /** A file: the first nine tenths to learn from, as usual with Tiny Shakespeare, the rest held out. */
    static Text ofFile(String name, Path file) throws IOException {
        int[] all = Alphabet.numbers(Files.readString(file, StandardCharsets.UTF_8));
        int border = (int) (SHARE_FOR_TRAINING * all.length);
        return new Text(name, Arrays.copyOf(all, border), Arrays.copyOfRange(all, border, all.length));
    }

    /**
     * The source of commons-lang3 from its source jar: each tenth file is held out. The license at the top of every file is
     * left out, as it is the same everywhere and would flatter the figures.
     */
    static Text ofJavaSource() throws IOException {
        URL one = Text.class.getClassLoader().getResource(JAVA_SOURCE);
        if (one == null) {
            throw new FileNotFoundException(
                    "resource \"" + JAVA_SOURCE + "\": not on the class path; expected the artifact"
                            + " org.apache.commons:commons-lang3:jar:sources. Run with -Pcharacters, which adds it.");
        }
        StringBuilder training = new StringBuilder();
        StringBuilder heldOut = new StringBuilder();
        JarURLConnection connection = (JarURLConnection) one.openConnection();
        connection.setUseCaches(false);
        try (JarFile jar = connection.getJarFile()) {
            List<String> names = jar.stream()
                    .map(JarEntry::getName)
                    .filter(name -> name.endsWith(".java") && !name.endsWith("package-info.java"))
                    .sorted()
                    .toList();
            for (int i = 0; i < names.size(); i++) {
                byte[] bytes = jar.getInputStream(jar.getEntry(names.get(i))).readAllBytes();
                (i % ONE_HELD_OUT_OF == 0 ? heldOut : training)
                        .append(withoutLicense(new String(bytes, StandardCharsets.UTF_8)));
            }
        }
        return new Text("Java source", Alphabet.numbers(training.toString()), Alphabet.numbers(heldOut.toString()));
    }

    static String withoutLicense(String source) {
        String lines = source.replace("\r\n", "\n");
        int end = lines.startsWith("/*") ? lines.indexOf(END_OF_LICENSE) : -1;
        return end < 0 ? lines : lines.substring(end + END_OF_LICENSE.length());
    }
}

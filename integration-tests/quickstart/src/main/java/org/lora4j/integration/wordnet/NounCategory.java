/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.wordnet;

import java.util.Arrays;
import java.util.List;

/**
 * The lexicographer files of WordNet's nouns, without {@code noun.Tops} (03), which holds the roots of the others.
 *
 * <p><i>Source.</i> WordNet manual, lexnames(5WN).
 *
 * @apiNote Status: experimental
 */
public enum NounCategory {
    /** Nouns denoting acts or actions. */
    ACT("act"),
    /** Nouns denoting animals. */
    ANIMAL("animal"),
    /** Nouns denoting objects made by people. */
    ARTIFACT("artifact"),
    /** Nouns denoting attributes of people and objects. */
    ATTRIBUTE("attribute"),
    /** Nouns denoting body parts. */
    BODY("body"),
    /** Nouns denoting cognitive processes and contents. */
    COGNITION("cognition"),
    /** Nouns denoting communicative processes and contents. */
    COMMUNICATION("communication"),
    /** Nouns denoting natural events. */
    EVENT("event"),
    /** Nouns denoting feelings and emotions. */
    FEELING("feeling"),
    /** Nouns denoting foods and drinks. */
    FOOD("food"),
    /** Nouns denoting groupings of people or objects. */
    GROUP("group"),
    /** Nouns denoting spatial position. */
    LOCATION("location"),
    /** Nouns denoting goals. */
    MOTIVE("motive"),
    /** Nouns denoting natural objects, not made by people. */
    OBJECT("object"),
    /** Nouns denoting people. */
    PERSON("person"),
    /** Nouns denoting natural phenomena. */
    PHENOMENON("phenomenon"),
    /** Nouns denoting plants. */
    PLANT("plant"),
    /** Nouns denoting possession and transfer of possession. */
    POSSESSION("possession"),
    /** Nouns denoting natural processes. */
    PROCESS("process"),
    /** Nouns denoting quantities and units of measure. */
    QUANTITY("quantity"),
    /** Nouns denoting relations between people, things or ideas. */
    RELATION("relation"),
    /** Nouns denoting two- and three-dimensional shapes. */
    SHAPE("shape"),
    /** Nouns denoting stable states of affairs. */
    STATE("state"),
    /** Nouns denoting substances. */
    SUBSTANCE("substance"),
    /** Nouns denoting time and temporal relations. */
    TIME("time");

    private final String word;

    NounCategory(String word) {
        this.word = word;
    }

    /**
     * WordNet's name of the file.
     *
     * @return for example {@code noun.act}
     */
    public String lexicographerFile() {
        return "noun." + word;
    }

    /**
     * The number of the category in the task.
     *
     * @return 0 to 24, in the order of WordNet's file numbers
     */
    public int label() {
        return ordinal();
    }

    /**
     * All names, by label.
     *
     * @return the 25 names of the lexicographer files
     */
    public static List<String> names() {
        return Arrays.stream(values()).map(NounCategory::lexicographerFile).toList();
    }
}

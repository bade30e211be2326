/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.integration.datasets;

import java.util.ArrayList;
import java.util.List;
import java.util.Map;
import java.util.function.Function;
import java.util.stream.Collectors;
import java.util.stream.IntStream;

/**
 * Languages of a family that have a parallel {@link Declaration}, by tag.
 *
 * @param name of the family
 * @param learned those to learn from
 * @param chosen one to choose with
 * @param held those that are never learned from
 */
public record LanguageFamily(String name, List<String> learned, List<String> chosen, List<String> held) {

    private static final int ALL_OF_THEM = 100;

    /** Five families. */
    public static final List<LanguageFamily> ALL = List.of(
            of("Romance", "es fr it pt-PT ro", "ca", "gl ast oc co sc fur rm lad vec"),
            of("Germanic", "en de-1996 nl sv da", "nb", "nn af fy lb fo is sco nds gsw"),
            of("Slavic", "ru pl cs bg sr-Latn", "sk", "uk be hr mk sl bs-Latn hsb sr-Cyrl"),
            of("Turkic", "tr az-Latn uz-Latn kk tk-Latn", "gag", "az-Cyrl uz-Cyrl kaa crh ug-Latn tyv"),
            of("Austronesian", "id jv ceb haw su", "min", "ilo hil war ban rar ty zlm-Latn"));

    /**
     * A paragraph in a language of a family.
     *
     * @param family the family
     * @param language the language
     * @param text the text
     * @param article the article of the declaration that it belongs to
     */
    public record Paragraph(LanguageFamily family, String language, String text, String article) {

        /**
         * Those of a family.
         *
         * @param all paragraphs
         * @param family the family
         * @return its paragraphs among them
         */
        public static List<Paragraph> of(List<Paragraph> all, LanguageFamily family) {
            return all.stream().filter(one -> one.family() == family).toList();
        }

        /**
         * The texts.
         *
         * @param paragraphs paragraphs
         * @return the text of each
         */
        public static List<String> texts(List<Paragraph> paragraphs) {
            return paragraphs.stream().map(Paragraph::text).toList();
        }

        /**
         * The articles.
         *
         * @param paragraphs paragraphs
         * @return the article of each
         */
        public static List<String> articles(List<Paragraph> paragraphs) {
            return paragraphs.stream().map(Paragraph::article).toList();
        }

        /**
         * The texts with their articles.
         *
         * @param paragraphs paragraphs
         * @return the text of each, labeled by its article
         */
        public static List<org.lora4j.text.LabeledText> labeled(List<Paragraph> paragraphs) {
            return paragraphs.stream()
                    .map(one -> new org.lora4j.text.LabeledText(one.text(), one.article()))
                    .toList();
        }
    }

    private static LanguageFamily of(String name, String learned, String chosen, String held) {
        return new LanguageFamily(name, List.of(learned.split(" ")), List.of(chosen), List.of(held.split(" ")));
    }

    /**
     * The paragraphs of some languages of all families.
     *
     * @param declarations the declarations, those of these languages among them
     * @param languages which languages of each family
     * @param percent how many of the paragraphs, spread over the declaration
     * @return their paragraphs, family by family, language by language, in the order of the declaration
     */
    public static List<Paragraph> paragraphs(
            List<Declaration> declarations, Function<LanguageFamily, List<String>> languages, int percent) {
        Map<String, Declaration> byLanguage =
                declarations.stream().collect(Collectors.toMap(Declaration::language, one -> one));
        List<Paragraph> paragraphs = new ArrayList<>();
        for (LanguageFamily family : ALL) {
            for (String language : languages.apply(family)) {
                List<String> texts = byLanguage.get(language).parallel();
                IntStream.range(0, texts.size())
                        .filter(i -> i * percent % ALL_OF_THEM < percent)
                        .mapToObj(i -> new Paragraph(family, language, texts.get(i), Declaration.article(i)))
                        .forEach(paragraphs::add);
            }
        }
        return paragraphs;
    }
}

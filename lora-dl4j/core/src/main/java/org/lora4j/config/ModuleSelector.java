/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.config;

import java.util.Arrays;
import java.util.Collection;
import java.util.Collections;
import java.util.LinkedHashSet;
import java.util.List;
import java.util.Objects;
import java.util.Set;
import java.util.regex.PatternSyntaxException;
import org.lora4j.error.CostlyExpressionException;
import org.lora4j.error.MessageText;

/**
 * Says which modules are meant, by their dotted paths ({@code encoder.layer.0.attention.self.query}).
 *
 * <p>The rules are those of PEFT's {@code target_modules} and {@code exclude_modules}. Selectors are immutable values and
 * never throw for odd content: {@link #problems()} tells what is wrong with one, and {@link LoraConfig.Builder#build()}
 * reports it with everything else.
 *
 * <p><b>Threads.</b> Safe.
 *
 * @apiNote Status: stable
 */
public sealed interface ModuleSelector {

    /**
     * Whether a module is meant.
     *
     * @param modulePath dotted path of the module
     * @return true if it is; {@link AllLinear} says true for every path, because only the host knows the kinds of modules
     * @throws CostlyExpressionException if an expression backtracks without end over this path
     */
    boolean matches(String modulePath);

    /**
     * The entries of this selector that match nothing.
     *
     * @param modulePaths the modules that exist; for {@link AllLinear} those the host found to be linear and not the head
     * @return the entries (names, or the expression) without any match, in their order; empty if each has one
     */
    List<String> unmatched(Collection<String> modulePaths);

    /**
     * What makes this selector unusable.
     *
     * @return one entry for each problem, with the value found; empty if it is usable
     */
    List<String> problems();

    /**
     * Selects modules whose path equals one of the names or ends with a dot and the name.
     *
     * @param names full paths or their last segments; order means nothing
     * @return the selector; {@link #none()} if there are no names
     */
    static ModuleSelector suffixes(String... names) {
        return suffixes(Arrays.asList(names));
    }

    /**
     * Selects modules whose path equals one of the names or ends with a dot and the name.
     *
     * @param names full paths or their last segments; order means nothing
     * @return the selector; {@link #none()} if there are no names
     */
    static ModuleSelector suffixes(Collection<String> names) {
        return names.isEmpty() ? none() : new Suffixes(new LinkedHashSet<>(names));
    }

    /**
     * Selects modules whose whole path matches a regular expression.
     *
     * @param expression an expression in Java's syntax, which Python's shares except for named groups and a few escapes
     * @return the selector
     */
    static ModuleSelector regex(String expression) {
        return new Regex(expression);
    }

    /**
     * Selects every linear module except the output head. The host decides which modules these are. In a model whose linear
     * modules are all output heads it selects these, and a warning in the log says so.
     *
     * @return the selector
     */
    static ModuleSelector allLinear() {
        return new AllLinear();
    }

    /**
     * Selects nothing.
     *
     * @return the selector
     */
    static ModuleSelector none() {
        return new None();
    }

    /**
     * Modules named by full path or last segments.
     *
     * @param names the names; equal sets in any order make equal selectors
     * @apiNote Status: stable
     */
    record Suffixes(Set<String> names) implements ModuleSelector {

        /**
         * Copies the names and keeps their order for messages.
         *
         * @param names the names
         */
        public Suffixes {
            names = Collections.unmodifiableSet(new LinkedHashSet<>(names));
        }

        @Override
        public boolean matches(String modulePath) {
            return names.contains(modulePath) || names.stream().anyMatch(name -> endsWith(modulePath, name));
        }

        @Override
        public List<String> unmatched(Collection<String> modulePaths) {
            return names.stream()
                    .filter(name -> modulePaths.stream().noneMatch(p -> p.equals(name) || endsWith(p, name)))
                    .toList();
        }

        @Override
        public List<String> problems() {
            boolean blank = names.stream().anyMatch(name -> name == null || name.isBlank());
            return blank ? List.of("has an empty name among " + names + ", expected module names") : List.of();
        }

        private static boolean endsWith(String path, String name) {
            return path.endsWith(name)
                    && path.length() > name.length()
                    && path.charAt(path.length() - name.length() - 1) == '.';
        }

        @Override
        public String toString() {
            return names.toString();
        }
    }

    /**
     * Modules whose whole path matches an expression.
     *
     * @apiNote Status: stable
     */
    final class Regex implements ModuleSelector {

        private final String expression;
        private final BoundedPattern pattern;
        private final String problem;

        private Regex(String expression) {
            this.expression =
                    Objects.requireNonNull(expression, "regex: the expression is null; expected an expression");
            BoundedPattern compiled = null;
            String wrong = null;
            try {
                compiled = BoundedPattern.compile(expression);
            } catch (PatternSyntaxException e) {
                wrong = "= " + MessageText.name(expression) + " is not a regular expression (" + e.getDescription()
                        + " at " + e.getIndex() + ")";
            }
            this.pattern = compiled;
            this.problem = wrong;
        }

        /**
         * The expression.
         *
         * @return as given
         */
        public String expression() {
            return expression;
        }

        @Override
        public boolean matches(String modulePath) {
            return pattern != null && pattern.matches(modulePath);
        }

        @Override
        public List<String> unmatched(Collection<String> modulePaths) {
            return modulePaths.stream().anyMatch(this::matches) ? List.of() : List.of(expression);
        }

        @Override
        public List<String> problems() {
            return problem == null ? List.of() : List.of(problem);
        }

        @Override
        public boolean equals(Object other) {
            return other instanceof Regex regex && expression.equals(regex.expression);
        }

        @Override
        public int hashCode() {
            return expression.hashCode();
        }

        @Override
        public String toString() {
            return "regex " + expression;
        }
    }

    /**
     * Every linear module except the output head.
     *
     * @apiNote Status: stable
     */
    record AllLinear() implements ModuleSelector {

        /** The word that stands for this selector in PEFT's config. */
        public static final String PEFT_NAME = "all-linear";

        @Override
        public boolean matches(String modulePath) {
            return true;
        }

        @Override
        public List<String> unmatched(Collection<String> modulePaths) {
            return modulePaths.isEmpty() ? List.of(PEFT_NAME) : List.of();
        }

        @Override
        public List<String> problems() {
            return List.of();
        }

        @Override
        public String toString() {
            return PEFT_NAME;
        }
    }

    /**
     * No module.
     *
     * @apiNote Status: stable
     */
    record None() implements ModuleSelector {

        @Override
        public boolean matches(String modulePath) {
            return false;
        }

        @Override
        public List<String> unmatched(Collection<String> modulePaths) {
            return List.of();
        }

        @Override
        public List<String> problems() {
            return List.of();
        }

        @Override
        public String toString() {
            return "none";
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.trust;

import java.util.ArrayList;
import java.util.Collection;
import java.util.Collections;
import java.util.EnumSet;
import java.util.List;
import java.util.Set;
import java.util.stream.Collectors;
import org.lora4j.error.Arguments;
import org.lora4j.error.MessageText;

/**
 * What was found in examples and model before a training. Every {@code fit} makes one, refuses by it, and puts the rest of what
 * it says into the notes of its report. Immutable: each call gives another one.
 *
 * @apiNote Status: stable
 */
public final class Preflight {

    /** Examples that a message shows at most. */
    private static final int SHOWN = 3;

    private static final int LONGEST_FINDINGS = 2_000;

    private final Set<PreflightRule> allowed;
    private final List<Finding> findings;
    private final List<String> examples;

    /**
     * Something that was found.
     *
     * @param rule by which rule
     * @param sentence what, with counts; without a full stop
     * @apiNote Status: stable
     */
    public record Finding(PreflightRule rule, String sentence) {

        /**
         * Checks that both are there.
         *
         * @param rule as in the record
         * @param sentence as in the record
         */
        public Finding {
            Arguments.required(rule, "Preflight.Finding: rule", "the rule");
            Arguments.required(sentence, "Preflight.Finding: sentence", "what was found");
        }
    }

    private Preflight(Set<PreflightRule> allowed, List<Finding> findings, List<String> examples) {
        this.allowed = allowed;
        this.findings = List.copyOf(findings);
        this.examples = List.copyOf(examples);
    }

    /**
     * Begins with nothing found.
     *
     * @param allowed the rules that do not refuse
     * @return a preflight without findings
     */
    public static Preflight allowing(Collection<PreflightRule> allowed) {
        Arguments.allRequired(List.copyOf(allowed), "Preflight.allowing: allowed", "a rule");
        Set<PreflightRule> own = EnumSet.noneOf(PreflightRule.class);
        own.addAll(allowed);
        return new Preflight(Collections.unmodifiableSet(own), List.of(), List.of());
    }

    /**
     * Whether a rule was allowed by name.
     *
     * @param rule the rule
     * @return true if it refuses nothing
     */
    public boolean allows(PreflightRule rule) {
        return allowed.contains(rule);
    }

    /**
     * The same with a further finding.
     *
     * @param rule by which rule
     * @param sentence what, with counts; without a full stop
     * @return another preflight
     */
    public Preflight with(PreflightRule rule, String sentence) {
        List<Finding> more = new ArrayList<>(findings);
        more.add(new Finding(rule, sentence));
        return new Preflight(allowed, more, examples);
    }

    /**
     * The same with a further finding, if there is one.
     *
     * @param found whether there is
     * @param rule by which rule
     * @param sentence as for {@link #with(PreflightRule, String)}
     * @return another preflight, or this one
     */
    public Preflight with(boolean found, PreflightRule rule, String sentence) {
        return found ? with(rule, sentence) : this;
    }

    /**
     * The same without what a rule found, where it does not apply.
     *
     * @param rule the rule
     * @return another preflight
     */
    public Preflight without(PreflightRule rule) {
        return new Preflight(
                allowed,
                findings.stream().filter(finding -> finding.rule() != rule).toList(),
                examples);
    }

    /**
     * The same with examples to show.
     *
     * @param first the first examples as the model gets them; of more than {@value #SHOWN}, the first ones
     * @return another preflight
     */
    public Preflight showing(List<String> first) {
        Arguments.allRequired(first, "Preflight.showing: first", "an example as a text");
        return new Preflight(allowed, findings, first.subList(0, Math.min(SHOWN, first.size())));
    }

    /**
     * Everything that was found, refused or not.
     *
     * @return in the order in which it was found
     */
    public List<Finding> findings() {
        return findings;
    }

    /**
     * What the training is refused for.
     *
     * @return findings of rules that refuse and were not allowed
     */
    public List<Finding> refused() {
        return findings.stream()
                .filter(finding -> finding.rule().refuses() && !allowed.contains(finding.rule()))
                .toList();
    }

    /**
     * What is said, but does not refuse.
     *
     * @return sentences
     */
    public List<String> notes() {
        List<Finding> refused = refused();
        return findings.stream()
                .filter(finding -> !refused.contains(finding))
                .map(Finding::sentence)
                .toList();
    }

    /**
     * The first examples as the model gets them.
     *
     * @return texts, at most {@value #SHOWN}
     */
    public List<String> examples() {
        return examples;
    }

    /**
     * Refuses the training, if something is found that was not allowed.
     *
     * @param where the call, for the message
     * @throws IllegalArgumentException if so; one message has every finding and the first examples
     */
    public void require(String where) {
        List<Finding> refused = refused();
        if (refused.isEmpty()) {
            return;
        }
        String found = refused.stream().map(Finding::sentence).collect(Collectors.joining("; "));
        String names = refused.stream()
                .map(finding -> "PreflightRule." + finding.rule())
                .distinct()
                .collect(Collectors.joining(", "));
        throw new IllegalArgumentException(MessageText.bounded(where + ": preflight: "
                + (refused.size() == 1 ? "" : refused.size() + " problems: ") + cut(found)
                + (examples.isEmpty() ? "" : ". The first examples: " + MessageText.values(examples))
                + ". Correct it, or allow it by name: allow(" + names + ")."));
    }

    private static String cut(String text) {
        return text.length() <= LONGEST_FINDINGS ? text : text.substring(0, LONGEST_FINDINGS) + "...";
    }

    /** A line for each finding, and then the first examples. */
    @Override
    public String toString() {
        List<Finding> refused = refused();
        StringBuilder text = new StringBuilder("Preflight: ");
        text.append(
                findings.isEmpty()
                        ? "nothing found"
                        : refused.isEmpty() ? "nothing that refuses" : refused.size() + " refused");
        for (Finding finding : findings) {
            boolean isAllowed = finding.rule().refuses() && allowed.contains(finding.rule());
            text.append("\n  ")
                    .append(refused.contains(finding) ? "refused" : isAllowed ? "allowed" : "said")
                    .append(' ')
                    .append(finding.rule())
                    .append(": ")
                    .append(finding.sentence());
        }
        for (int i = 0; i < examples.size(); i++) {
            text.append("\n  ").append(i + 1).append(": ").append(MessageText.value(examples.get(i)));
        }
        return text.toString();
    }
}

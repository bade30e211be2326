/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.time.Clock;
import java.util.HashMap;
import java.util.List;
import java.util.Map;

/**
 * A Jinja template as {@code transformers} renders chat templates. <b>Threads.</b> Safe.
 *
 * @apiNote Status: internal
 */
public final class JinjaTemplate {

    private final Statement body;

    private JinjaTemplate(Statement body) {
        this.body = body;
    }

    /**
     * Reads a template.
     *
     * @return the template, to be rendered many times
     * @throws TemplateFailure if it is none
     */
    public static JinjaTemplate parse(String template) {
        try {
            return new JinjaTemplate(StatementParser.parse(template));
        } catch (StackOverflowError e) {
            throw Budget.tooDeep();
        }
    }

    /**
     * Renders.
     *
     * @param variables texts, numbers, truth values, null, and lists and maps of them, by name
     * @param clock what {@code strftime_now} looks at
     * @param work how much may be done: an evaluation counts 16, a character that is made 1; to this come 64 for each
     *     character of the variables
     * @param characters how long the text may become; to this come 4 for each character of the variables
     * @throws TemplateFailure if the template fails or comes to a limit
     * @throws IllegalArgumentException if a variable is of another kind
     */
    public String render(Map<String, ?> variables, Clock clock, long work, long characters) {
        return rendered(variables, clock, work, characters).text();
    }

    /** Without overflow: a caller may allow as much as there is. */
    private static long sum(long limit, long more) {
        return limit > Long.MAX_VALUE - more ? Long.MAX_VALUE : limit + more;
    }

    /**
     * A text, and what of it the model says.
     *
     * @param text the text
     * @param generated where blocks {@code generation} wrote, as pairs of begin and end in the text; none if there are no such
     *     blocks, or one of them wrote to a text that was used otherwise
     */
    public record Rendered(String text, List<int[]> generated) {}

    /**
     * Renders, and tells what the model says.
     *
     * @param variables as for {@link #render}
     * @param clock as for {@link #render}
     * @param work as for {@link #render}
     * @param characters as for {@link #render}
     * @return the text with its places
     * @throws TemplateFailure as for {@link #render}
     * @throws IllegalArgumentException as for {@link #render}
     */
    public Rendered rendered(Map<String, ?> variables, Clock clock, long work, long characters) {
        Map<String, Object> values = new HashMap<>();
        Import variable = new Import();
        variables.forEach((name, value) -> values.put(name, variable.value(value)));
        long given = variable.characters();
        Budget budget = new Budget(sum(work, 64 * given), sum(characters, 4 * given));
        Scope scope = Scope.root(values, budget, clock);
        try {
            body.run(scope);
        } catch (StackOverflowError e) {
            // The depth is bounded so that it fits in a stack of half a megabyte, but the caller may have used that up.
            // Nothing outlives the scope that could be half changed.
            throw Budget.tooDeep();
        }
        return new Rendered(scope.output(), scope.generated());
    }
}

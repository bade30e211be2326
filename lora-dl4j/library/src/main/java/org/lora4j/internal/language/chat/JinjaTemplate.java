/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.time.Clock;
import java.util.HashMap;
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
     * @param template its text
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
     * @return the text
     * @throws TemplateFailure if the template fails or comes to a limit
     * @throws IllegalArgumentException if a variable is of another kind
     */
    public String render(Map<String, ?> variables, Clock clock, long work, long characters) {
        Map<String, Object> values = new HashMap<>();
        Import variable = new Import();
        variables.forEach((name, value) -> values.put(name, variable.value(value)));
        long given = variable.characters();
        Scope scope = Scope.root(values, new Budget(work + 64 * given, characters + 4 * given), clock);
        try {
            body.run(scope);
        } catch (StackOverflowError e) {
            // The depth is bounded so that it fits in a stack of half a megabyte, but the caller may have used that up.
            // Nothing outlives the scope that could be half changed.
            throw Budget.tooDeep();
        }
        return scope.output();
    }
}

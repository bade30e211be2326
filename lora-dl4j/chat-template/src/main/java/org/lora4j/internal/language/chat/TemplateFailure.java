/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

/**
 * A template cannot be read, or fails while it renders.
 *
 * @apiNote Status: internal
 */
public final class TemplateFailure extends RuntimeException {

    private static final long serialVersionUID = 1L;

    /** Whose doing a failure is. */
    public enum Kind {
        /** The text is no template, or uses what no template of a stranger may. */
        SYNTAX,
        /** A value is not what the template needs. */
        VALUE,
        /** The template called {@code raise_exception}. */
        RAISED,
        /** The template needs more steps, text or depth than allowed. */
        LIMIT
    }

    private final Kind kind;

    private final int line;

    private TemplateFailure(Kind kind, int line, String reason) {
        // Rendering fails in the middle of nested calls whose trace tells a user of the template nothing.
        super(reason, null, false, false);
        this.kind = kind;
        this.line = line;
    }

    static TemplateFailure syntax(int line, String reason) {
        return new TemplateFailure(Kind.SYNTAX, line, reason);
    }

    static TemplateFailure value(String reason) {
        return new TemplateFailure(Kind.VALUE, 0, reason);
    }

    static TemplateFailure raised(String reason) {
        return new TemplateFailure(Kind.RAISED, 0, reason);
    }

    static TemplateFailure limit(String reason) {
        return new TemplateFailure(Kind.LIMIT, 0, reason);
    }

    /** The same with the line of the innermost statement, which is the first to add one. */
    TemplateFailure at(int statement) {
        return line > 0 ? this : new TemplateFailure(kind, statement, getMessage());
    }

    /** Whose doing it is. */
    public Kind kind() {
        return kind;
    }

    /**
     * Where it happened.
     *
     * @return the line of the template, counted from 1
     */
    public int line() {
        return line;
    }
}

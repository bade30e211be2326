/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.language.chat;

import java.util.List;
import org.lora4j.internal.language.chat.Token.Kind;

/** The tokens of a template, one after the other. */
final class TokenStream {

    /** Each level takes a dozen calls, one for each rank of operators. */
    private static final int DEEPEST = Budget.DEEPEST / 2;

    private final List<Token> tokens;
    private int at;
    private int depth;

    TokenStream(List<Token> tokens) {
        this.tokens = tokens;
    }

    Token current() {
        return tokens.get(at);
    }

    Token ahead() {
        return tokens.get(Math.min(at + 1, tokens.size() - 1));
    }

    int line() {
        return current().line();
    }

    Token next() {
        Token token = current();
        at = Math.min(at + 1, tokens.size() - 1);
        return token;
    }

    boolean is(Kind kind) {
        return current().kind() == kind;
    }

    boolean isOperator(String sign) {
        return current().is(Kind.OPERATOR, sign);
    }

    boolean isName(String name) {
        return current().is(Kind.NAME, name);
    }

    boolean skipOperator(String sign) {
        boolean found = isOperator(sign);
        at += found ? 1 : 0;
        return found;
    }

    boolean skipName(String name) {
        boolean found = isName(name);
        at += found ? 1 : 0;
        return found;
    }

    Token expect(Kind kind, String what) {
        if (!is(kind)) {
            throw unexpected(what);
        }
        return next();
    }

    void expectOperator(String sign) {
        if (!skipOperator(sign)) {
            throw unexpected(sign);
        }
    }

    String expectName() {
        return expect(Kind.NAME, "a name").text();
    }

    TemplateFailure unexpected(String expected) {
        return TemplateFailure.syntax(line(), "found " + current().shown() + "; expected " + expected);
    }

    /** Brackets and blocks are read by calls within calls. */
    void enter() {
        if (++depth > DEEPEST) {
            throw TemplateFailure.syntax(line(), "brackets and blocks are nested deeper than " + DEEPEST);
        }
    }

    void leave() {
        depth--;
    }
}

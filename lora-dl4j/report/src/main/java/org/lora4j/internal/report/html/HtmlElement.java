/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report.html;

import java.util.ArrayList;
import java.util.EnumMap;
import java.util.List;
import java.util.Locale;
import java.util.Map;
import java.util.regex.Pattern;
import org.lora4j.internal.report.ShownText;

/**
 * An element of a page. There is no way to add text that is not escaped: tags and attributes are constants, none of which runs or loads
 * anything, and every text and value is escaped when it is written.
 *
 * @apiNote Status: internal
 */
final class HtmlElement {

    private static final Pattern LINK = Pattern.compile("#[a-z0-9-]+");

    /** The tags that a report has. */
    enum Tag {
        A,
        BDI,
        CAPTION,
        CIRCLE,
        DD,
        DETAILS,
        DIV,
        DL,
        DT,
        FIGCAPTION,
        FIGURE,
        FOOTER,
        G,
        H1,
        H2,
        H3,
        HEADER,
        LI,
        LINE,
        MAIN,
        MARK,
        NAV,
        P,
        PATH,
        RECT,
        SECTION,
        SPAN,
        SUMMARY,
        SVG,
        TABLE,
        TBODY,
        TD,
        TEXT,
        TH,
        THEAD,
        TITLE,
        TR,
        UL;

        private String word() {
            return name().toLowerCase(Locale.ROOT);
        }
    }

    /** The attributes that a report has: none takes a script, a style or an address outside of the page. */
    enum Attribute {
        ARIA_LABEL("aria-label"),
        ARIA_LABELLEDBY("aria-labelledby"),
        ARIA_HIDDEN("aria-hidden"),
        CLASS("class"),
        CX("cx"),
        CY("cy"),
        D("d"),
        DATA_VALUE("data-v"),
        DIR("dir"),
        HEIGHT("height"),
        HREF("href"),
        ID("id"),
        R("r"),
        ROLE("role"),
        SCOPE("scope"),
        TABINDEX("tabindex"),
        TEXT_ANCHOR("text-anchor"),
        TITLE("title"),
        TRANSFORM("transform"),
        VIEW_BOX("viewBox"),
        WIDTH("width"),
        X("x"),
        X1("x1"),
        X2("x2"),
        Y("y"),
        Y1("y1"),
        Y2("y2");

        private final String word;

        Attribute(String word) {
            this.word = word;
        }
    }

    private final Tag tag;
    private final Map<Attribute, String> attributes = new EnumMap<>(Attribute.class);
    /** Elements and texts. */
    private final List<Object> children = new ArrayList<>();

    private HtmlElement(Tag tag) {
        this.tag = tag;
    }

    static HtmlElement of(Tag tag) {
        return new HtmlElement(tag);
    }

    static HtmlElement of(Tag tag, String styles) {
        return new HtmlElement(tag).with(Attribute.CLASS, styles);
    }

    HtmlElement with(Attribute attribute, String value) {
        if (attribute == Attribute.HREF && !LINK.matcher(value).matches()) {
            throw new IllegalArgumentException("HtmlElement: a link leads out of the page: " + value);
        }
        attributes.put(attribute, value);
        return this;
    }

    /** A number of a drawing, to a tenth. */
    HtmlElement with(Attribute attribute, double value) {
        return with(attribute, number(value));
    }

    static String number(double value) {
        double tenth = Math.rint(value * 10) / 10;
        return tenth == Math.rint(tenth) ? Long.toString((long) tenth) : String.format(Locale.ROOT, "%.1f", tenth);
    }

    HtmlElement add(HtmlElement child) {
        children.add(child);
        return this;
    }

    HtmlElement add(String text) {
        children.add(text);
        return this;
    }

    HtmlElement addAll(List<HtmlElement> more) {
        children.addAll(more);
        return this;
    }

    boolean isEmpty() {
        return children.isEmpty();
    }

    /** Writes to the end of a page, and stops adding children once the page is longer than it may be. */
    void writeTo(StringBuilder page, int most) {
        page.append('<').append(tag.word());
        attributes.forEach((attribute, value) -> {
            page.append(' ').append(attribute.word).append("=\"");
            escape(ShownText.of(value), page);
            page.append('"');
        });
        page.append('>');
        for (Object child : children) {
            if (page.length() > most) {
                return;
            }
            if (child instanceof HtmlElement element) {
                element.writeTo(page, most);
            } else {
                escape(ShownText.of((String) child), page);
            }
        }
        page.append("</").append(tag.word()).append('>');
    }

    /** The characters that mean something in HTML, in texts as in values. */
    static void escape(String text, StringBuilder page) {
        for (int i = 0; i < text.length(); i++) {
            char character = text.charAt(i);
            switch (character) {
                case '&' -> page.append("&amp;");
                case '<' -> page.append("&lt;");
                case '>' -> page.append("&gt;");
                case '"' -> page.append("&quot;");
                case '\'' -> page.append("&#39;");
                case '`' -> page.append("&#96;");
                default -> page.append(character);
            }
        }
    }
}

/* SPDX-License-Identifier: Apache-2.0 */
package org.lora4j.internal.report.html;

import org.lora4j.internal.report.html.HtmlElement.Attribute;
import org.lora4j.internal.report.html.HtmlElement.Tag;

/** What may be wider than the page scrolls in a box of its own, which the keyboard reaches. */
final class ScrollBox {

    private ScrollBox() {}

    static HtmlElement around(String name, HtmlElement wide) {
        return of("scroll", name, wide);
    }

    /** As {@link #around}, of a table, which may be long, too. */
    static HtmlElement ofRows(String name, HtmlElement table) {
        return of("scroll rows", name, table);
    }

    private static HtmlElement of(String styles, String name, HtmlElement wide) {
        return HtmlElement.of(Tag.DIV, styles)
                .with(Attribute.ROLE, "group")
                .with(Attribute.TABINDEX, "0")
                .with(Attribute.ARIA_LABEL, name)
                .add(wide);
    }
}

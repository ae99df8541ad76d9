/** Scrapes targets. */
package io.github.promferry.scrape;

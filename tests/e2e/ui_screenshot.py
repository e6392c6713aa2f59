#!/usr/bin/python3
"""ui_screenshot.py URL OUT.png TEXT...: open Prefect's UI in a real browser, sign in with the password on stdin
("user:password"), go to the runs, wait until each TEXT is on the page, and take a picture."""
import base64
import sys

from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.support.ui import WebDriverWait


def main():
    url, out, *texts = sys.argv[1:]
    password = sys.stdin.readline().strip()
    options = webdriver.ChromeOptions()
    for flag in ("--headless=new", "--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu", "--window-size=1400,1000"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=Service("/usr/bin/chromedriver"))
    try:
        driver.get(url)
        # Where the UI keeps what its own sign-in form was told.
        token = base64.b64encode(password.encode()).decode()
        driver.execute_script("localStorage.setItem('prefect-password', arguments[0])", token)
        driver.get(url + "runs")
        try:
            WebDriverWait(driver, 60).until(
                lambda d: all(t in d.execute_script("return document.body.innerText") for t in texts))
        finally:
            driver.save_screenshot(out)
            print(driver.execute_script("return document.body.innerText")[:2000])
    finally:
        driver.quit()


main()
